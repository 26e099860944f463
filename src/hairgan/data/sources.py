"""Sources of photos, raw CelebAMask-HQ and image folders, and the one way from either to a packed dataset."""

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
        """What was not taken for an item, in words; empty if nothing was."""

    def __len__(self) -> int: ...

    def item(self, index: int) -> Item:
        """The i-th item; raises `Skip` for one that cannot be used."""

    def describe(self) -> dict[str, str]:
        """What identifies it: `kind` and `path`."""

    def stamps(self) -> dict[str, str]:
        """A stamp per item, in their order (`hairgan.data.source_changes`)."""


def open_source(path: Path) -> CelebAMaskHQ | ImageFolder:
    """Open a folder with `train/` as photos by domain, anything else as CelebAMask-HQ.

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
    """Pack a source, or return what was packed from it before; what has changed since is reported and packed again.

    Args:
        limit: take only the first so many items.
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
        source.item, len(stamps), out, size=size, source=identity, labels=source.has_labels, stamps=stamps,
        workers=workers, progress=progress, say=say,
    )  # fmt: skip
