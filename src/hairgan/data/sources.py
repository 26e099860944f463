"""Sources of photos (raw CelebAMask-HQ and image folders), and how either is packed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.image_folder import ImageFolder
from hairgan.data.items import Item
from hairgan.data.packing import Packing, pack


class Source(Protocol):
    """What `pack_source` needs of a source."""

    @property
    def has_labels(self) -> bool:
        """Whether its items have label maps."""

    @property
    def left_out(self) -> str:
        """What was left out, in words; empty if nothing was."""

    def __len__(self) -> int: ...

    def item(self, index: int) -> Item:
        """Item `index`; raises `Skip` if it cannot be used."""

    def describe(self) -> dict[str, str]:
        """What identifies it: `kind` and `path`."""

    def stamps(self) -> dict[str, str]:
        """A stamp per item, in their order (`hairgan.data.source_changes`)."""


def open_source(path: Path) -> CelebAMaskHQ | ImageFolder:
    """Open a folder that has `train/` as an image folder, and anything else as CelebAMask-HQ.

    Raises:
        ValueError: it is neither; the message says what was looked for and what was found.
    """
    return ImageFolder.open(path) if (path / "train").is_dir() else CelebAMaskHQ.open(path)


def pack_source(
    source: Source,
    out: Path,
    *,
    size: int,
    limit: int | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    say: Callable[[str], None] | None = None,
) -> Packing:
    """Pack a source, or return the dataset that was packed from it before; changes are reported and packed again.

    Args:
        limit: number of items to take, from the first; None takes all.
        size, workers, progress, say: see `hairgan.data.packing.pack`.

    Raises:
        ValueError, OSError: see `pack`.
    """
    stamps = source.stamps()
    identity: dict[str, Any] = source.describe()
    if limit is not None:
        stamps = dict(list(stamps.items())[:limit])
        identity |= {"limit": limit}
    return pack(
        source.item,
        len(stamps),
        out,
        size=size,
        source=identity,
        labels=source.has_labels,
        stamps=stamps,
        workers=workers,
        progress=progress,
        say=say,
    )
