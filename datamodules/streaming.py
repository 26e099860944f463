"""A packed dataset in shards, in a folder or a bucket: for sets that do not fit a disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datamodules.base import HairDataModule
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.shard_store import is_url, open_store
from hairgan.data.streamed_dataset import StreamedDataset, fetch_small_files


class StreamingDataModule(HairDataModule):
    """Reads the same batches as from the packed dataset of which the shards were made (`hairgan prepare --shards`).

    Args:
        root: the folder or URL (`s3://bucket/name`) of the shards.
        cache: folder in which shards of a URL are kept.
        cache_limit: GB of shards to keep there; None keeps all. The others are read image by image.
        shared: see `HairDataModule`.

    Raises:
        ValueError: there are no shards at `root`, they are damaged, or litdata is not installed.
        OSError: the bucket cannot be reached.
    """

    def __init__(self, *, root: str | Path, cache: str | Path, cache_limit: float | None = None, **shared: Any) -> None:
        super().__init__(**shared)
        self.store = open_store(str(root) if is_url(str(root)) else str(Path(root).absolute()))
        self.cache, self.cache_limit = Path(cache).absolute(), cache_limit

    def make_packed(self) -> Path:
        return fetch_small_files(self.store, self.cache)

    def open_packed(self, folder: Path) -> PackedDataset:
        return StreamedDataset.open_shards(folder, self.store, self.cache_limit)

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"path": self.store.root}
