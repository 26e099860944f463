"""Paths of results. Existing files are overwritten only with `--overwrite`, and source photos are never overwritten."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from hairgan.photos.names import printable, shortened_name

LONGEST_ENDING = "_compare.jpg"


def identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """Device and inode of the files that exist; they are equal for two names of the same file."""
    found = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.add((status.st_dev, status.st_ino))
    return found


def check_free(
    path: Path, sources: Container[tuple[int, int]] = (), *, overwrite: bool = False, option: str = "--out"
) -> None:
    """Check that a result may be written to a path.

    Args:
        sources: `identities` of files that are never overwritten.
        overwrite: whether any other file may be overwritten.
        option: the command line option for another path, for the message.

    Raises:
        ValueError: it is a source, a folder or a link, or it exists and may not be overwritten.
        OSError: the file system refuses the name, e.g. because it is too long.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise ValueError(f"{printable(path)}: {printable(path.parent)} is not a folder") from None
    if path.is_dir():
        raise ValueError(f"{printable(path)} is a folder, not a place for a file")
    if any(identity in sources for identity in identities([path])):
        raise ValueError(f"{printable(path)} is one of the photos themselves: write the result to another file")
    if not overwrite:
        raise ValueError(f"{printable(path)} exists already: choose another name with {option}, or give --overwrite")
    if path.is_symlink():
        raise ValueError(f"{printable(path)} is a link: remove it first, links are never written through")
    if path.exists() and not path.is_file():
        raise ValueError(f"{printable(path)} is not a regular file")


def check_folder(path: Path) -> None:
    """Raise ValueError unless the path is a folder, or a folder can be made there."""
    for place in (path, *path.absolute().parents):
        if place.is_dir():
            return
        if os.path.lexists(place):
            raise ValueError(f"{printable(place)} is not a folder")


def result_stems(names: Sequence[str]) -> list[str]:
    """Names for the results of files: without the suffix, or with it where two would be equal.

    Args:
        names: paths with `/`. Upper and lower case count as equal, as on many file systems.
    """
    found = [name.removesuffix(Path(name).suffix) for name in names]
    while True:
        times = Counter(stem.casefold() for stem in found)
        clear = [stem if times[stem.casefold()] == 1 else name for stem, name in zip(found, names, strict=True)]
        if clear == found:
            return found
        found = clear


def result_place(folder: Path, stem: str, what: str, suffix: str) -> Path:
    """`folder/STEM_what.suffix`, shortened so that longer names beside it (`STEM_what_compare.jpg`) fit too."""
    whole = shortened_name(f"{stem}_{what}", LONGEST_ENDING, folder)
    return folder / (whole.removesuffix(LONGEST_ENDING) + suffix)
