"""Places: where results go, so that nothing that exists is overwritten unasked, and never a source."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from hairgan.photos.names import fitted, printable

LONGEST_ENDING = "_compare.jpg"


def identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """What files are, whatever their names: those that are not there are left out."""
    found = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.add((status.st_dev, status.st_ino))
    return found


def check_free(
    path: Path, sources: Container[tuple[int, int]] = (), *, overwrite: bool = False, option: str = "--out"
) -> None:
    """Make sure that a result may be written somewhere.

    Args:
        sources: `identities` of what is never to be overwritten.
        overwrite: whether another file may be.
        option: of the command line, by which another place can be named.

    Raises:
        ValueError: it is a source, a folder or a link, or exists and is not to be overwritten.
        OSError: no such name is possible, e.g. one that is too long.
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
        raise ValueError(f"{printable(path)} is a link: what it leads to is not replaced, remove the link first")
    if path.exists() and not path.is_file():
        raise ValueError(f"{printable(path)} is not a regular file")


def check_folder(path: Path) -> None:
    """Raise ValueError unless a folder is there or can be made there."""
    for place in (path, *path.absolute().parents):
        if place.is_dir():
            return
        if os.path.lexists(place):
            raise ValueError(f"{printable(place)} is not a folder")


def stems(names: Sequence[str]) -> list[str]:
    """What to call the results of files: the names without suffix, with it for those that would be called the same.

    Args:
        names: paths with `/`. Upper and lower case are the same here, as on many disks.
    """
    found = [name.removesuffix(Path(name).suffix) for name in names]
    while True:
        times = Counter(stem.casefold() for stem in found)
        clear = [stem if times[stem.casefold()] == 1 else name for stem, name in zip(found, names, strict=True)]
        if clear == found:
            return found
        found = clear


def result_place(folder: Path, stem: str, what: str, suffix: str) -> Path:
    """`folder/STEM_what.suffix`, with room for what may stand beside it, e.g. `STEM_what_compare.jpg`."""
    whole = fitted(f"{stem}_{what}", LONGEST_ENDING, folder)
    return folder / (whole.removesuffix(LONGEST_ENDING) + suffix)
