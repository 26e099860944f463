"""List the photos in a folder and its subfolders: one rule for all commands and datasets.

A photo is a regular file, or a link to one, whose name ends in one of `SUFFIXES`. Hidden and system entries are left
out, as are broken links and folders that are reached a second time through a link. Left-out entries are counted.
"""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hairgan.photos.names import printable

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif",
)  # fmt: skip
"""Suffixes of photos, in lower or upper case."""

SYSTEM_FOLDERS = frozenset({
    "@eadir", "@recycle", "@synoresource", "@tmp", "#recycle", "#snapshot", "$recycle.bin", "__macosx", "__pycache__",
    "lost+found", "system volume information", "thumbnails", "thumbs",
})  # fmt: skip
"""Names, in lower case, of folders that systems and programs make. Names that begin with a dot count as well."""

HIDDEN = "hidden or system entries"
BROKEN_LINKS = "broken links"
REPEATED = "links to folders that are listed already"
SPECIAL_FILES = "pipes, sockets or devices"
UNREADABLE = "folders without permission to read"
RESULTS = "folders of results"


@dataclass(frozen=True)
class Listing:
    """The photos of a folder, and how much in it was left out."""

    folder: Path
    names: tuple[str, ...]
    """Paths relative to the folder, with `/`, sorted. Bytes that are not UTF-8 are surrogates (PEP 383), which
    `hairgan.photos.names.printable` writes as text."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Number of left-out entries by kind: `HIDDEN`, `BROKEN_LINKS`, `REPEATED`, `SPECIAL_FILES`, ..."""

    def __len__(self) -> int:
        return len(self.names)

    def paths(self) -> list[Path]:
        """The photos' paths, in the same order."""
        return [self.folder / name for name in self.names]

    def remark(self) -> str:
        """What was left out, in words; empty if nothing was."""
        return ", ".join(f"{what} ({count:,})" for what, count in sorted(self.skipped.items()))


def list_photos(
    folder: str | Path, *, may_be_empty: bool = False, leave_out: Callable[[Path], bool] | None = None
) -> Listing:
    """List the photos in a folder and its subfolders; links are followed.

    A folder is listed once, regardless of the number of links to it. The folder itself may be hidden, or a link.

    Args:
        may_be_empty: whether to return an empty list instead of raising an error.
        leave_out: tells from the path of a subfolder whether it is skipped.

    Raises:
        ValueError: it is not a folder, or there is no photo in it.
        OSError: the folder itself cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{printable(folder)} is not a folder")
    skipped: Counter[str] = Counter()
    names = sorted(_walk(folder, leave_out or (lambda path: False), skipped))
    listing = Listing(folder, tuple(names), dict(+skipped))
    if not names and not may_be_empty:
        remark = f" (left out: {listing.remark()})" if skipped else ""
        raise ValueError(f"{printable(folder)}: looked for photos ({', '.join(SUFFIXES)}), found none{remark}")
    return listing


def is_hidden(name: str) -> bool:
    """Whether a name is that of a hidden entry, or of a folder that a system or program made."""
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS


def _walk(folder: Path, leave_out: Callable[[Path], bool], skipped: Counter[str]) -> Iterator[str]:
    """Walk a folder and its subfolders. Links to folders come last, so that a folder is found by its own name."""
    seen: set[tuple[int, int]] = set()
    folders, links = [""], deque[str]()
    while folders or links:
        below = folders.pop() if folders else links.popleft()
        try:
            status = (folder / below).stat()
            entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
        except OSError:
            if not below:
                raise
            skipped[UNREADABLE] += 1
            continue
        if (identity := (status.st_dev, status.st_ino)) in seen:
            skipped[REPEATED] += 1
            continue
        seen.add(identity)
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            mode = _mode(entry)
            is_folder, wanted = stat.S_ISDIR(mode), entry.name.lower().endswith(SUFFIXES)
            if is_hidden(entry.name):
                skipped[HIDDEN] += is_folder or wanted
            elif not mode:
                skipped[BROKEN_LINKS] += 1
            elif is_folder and leave_out(folder / name):
                skipped[RESULTS] += 1
            elif is_folder:
                (links if entry.is_symlink() else folders).append(name)
            elif wanted and stat.S_ISREG(mode):
                yield name
            elif wanted:
                skipped[SPECIAL_FILES] += 1


def _mode(entry: os.DirEntry[str]) -> int:
    """The mode of an entry, through links; 0 for a broken or circular link."""
    try:
        return entry.stat().st_mode
    except OSError:
        return 0
