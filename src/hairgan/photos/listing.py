"""Find: the photos in a folder and below it. One function for everybody, with one opinion about what counts.

A photo is a regular file, or a link to one, whose name ends in one of `SUFFIXES`. Hidden and system entries are left
out, as are links that lead nowhere and folders that a link shows a second time; what was left out is counted.
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
"""How names of photos end, in any case."""

SYSTEM_FOLDERS = frozenset({
    "@eadir", "@recycle", "@synoresource", "@tmp", "#recycle", "#snapshot", "$recycle.bin", "__macosx", "__pycache__",
    "lost+found", "system volume information", "thumbnails", "thumbs",
})  # fmt: skip
"""Names, in lower case, of folders that systems and programs make; besides, all that begins with a dot."""

HIDDEN = "hidden or system entries"
NOWHERE = "links that lead nowhere"
AGAIN = "links to folders that are listed already"
NO_FILE = "pipes, sockets or devices"
CLOSED = "folders that may not be read"
LEFT_OUT = "folders of results"


@dataclass(frozen=True)
class Listing:
    """The photos of a folder, and how much in it was left out."""

    folder: Path
    names: tuple[str, ...]
    """Paths below the folder, with `/`, sorted. Names that are not UTF-8 are as Python keeps them (PEP 383):
    `hairgan.photos.names.printable` makes text of them."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """What was left out (`HIDDEN`, `NOWHERE`, `AGAIN`, `NO_FILE`, `CLOSED`, `LEFT_OUT`) and how often."""

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
    """List the photos in a folder and below it, through links as well.

    A folder is listed once, however many links lead to it, so that a link to a parent adds nothing. The folder itself
    may be hidden, or a link.

    Args:
        may_be_empty: whether a folder without photos is no error.
        leave_out: says of a folder below (given its path) whether it is to be passed over.

    Raises:
        ValueError: it is not a folder, or there is no photo in it.
        OSError: the folder itself may not be read.
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
    """Whether an entry of a folder is hidden, or made by a system or a program for itself."""
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS


def _walk(folder: Path, leave_out: Callable[[Path], bool], skipped: Counter[str]) -> Iterator[str]:
    """Photos below a folder. Links to folders are followed last, so that each folder goes by its own name if it can."""
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
            skipped[CLOSED] += 1
            continue
        if (identity := (status.st_dev, status.st_ino)) in seen:
            skipped[AGAIN] += 1
            continue
        seen.add(identity)
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            mode = _mode(entry)
            is_folder, wanted = stat.S_ISDIR(mode), entry.name.lower().endswith(SUFFIXES)
            if is_hidden(entry.name):
                skipped[HIDDEN] += is_folder or wanted
            elif not mode:
                skipped[NOWHERE] += 1
            elif is_folder and leave_out(folder / name):
                skipped[LEFT_OUT] += 1
            elif is_folder:
                (links if entry.is_symlink() else folders).append(name)
            elif wanted and stat.S_ISREG(mode):
                yield name
            elif wanted:
                skipped[NO_FILE] += 1


def _mode(entry: os.DirEntry[str]) -> int:
    """The mode of what an entry is, through links; 0 for a link that leads nowhere or in a circle."""
    try:
        return entry.stat().st_mode
    except OSError:
        return 0
