"""Photographs on disk: raw data, packed on first use and again after it changed, or an already packed dataset."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from datamodules.base import HairDataModule
from hairgan.data.manifest import MANIFEST
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.sources import Source, pack_source


class PhotographDataModule(HairDataModule):
    """Packs the raw data at `root` into the cache; a packed dataset at `root` is used as it is.

    Subclasses define how raw data is opened (`open_source`) and how its packed dataset is named (`packed_name`).

    Args:
        root: raw data, or a packed dataset.
        cache: folder in which raw data is packed, once per image size.
        workers: processes that pack; None takes one per core.
        shared: see `HairDataModule`.
    """

    def __init__(self, *, root: str | Path, cache: str | Path, workers: int | None = None, **shared: Any) -> None:
        super().__init__(**shared)
        self.root, self.cache, self.workers = Path(root).absolute(), Path(cache).absolute(), workers

    def open_source(self, root: Path) -> Source:
        """Open the raw data.

        Raises:
            ValueError: it is data of another kind, or damaged.
        """
        raise NotImplementedError

    def packed_name(self, root: Path) -> str:
        """First part of the name of the packed dataset; image size and a hash of the path follow."""
        raise NotImplementedError

    def candidate_roots(self) -> list[Path]:
        """Paths where the raw data may be; the first that exists is used."""
        return [self.root]

    def missing_message(self) -> str:
        """The message for raw data that does not exist."""
        return f"there is no file or folder {self.root}"

    def check_packed(self, source: Source, dataset: PackedDataset) -> None:
        """Raise a `ValueError` if too little of the source can be used. By default any source is accepted."""

    def make_packed(self) -> Path:
        if (self.root / MANIFEST).is_file():
            return self.root
        root = next((root for root in self.candidate_roots() if root.exists()), None)
        if root is None:
            folders = map(self._packed_folder, self.candidate_roots())
            packed = next((folder for folder in folders if (folder / MANIFEST).is_file()), None)
            if packed is None:
                raise ValueError(self.missing_message())
            print(f"{self.root} no longer exists; using the dataset packed from it, {packed}", file=sys.stderr)
            return packed
        source, out = self.open_source(root), self._packed_folder(root)
        dataset = pack_source(source, out, size=self.image_size, workers=self.workers).dataset
        self.check_packed(source, dataset)
        return out

    def _packed_folder(self, root: Path) -> Path:
        tag = hashlib.blake2b(str(root).encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        return self.cache / f"{self.packed_name(root)}_{self.image_size}_{tag}"
