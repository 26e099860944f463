"""Photographs on disk: raw data, packed on first use and again whenever it has changed, or packed before."""

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
    """Packs the raw data at `root` into the cache; a packed dataset at `root` is taken as it is.

    Subclasses say how raw data is opened (`open_source`) and what its packed dataset is called (`packed_name`).

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
            ValueError: it is not what was looked for.
        """
        raise NotImplementedError

    def packed_name(self, root: Path) -> str:
        """Begin of the name of the packed dataset; size and a hash of the place follow."""
        raise NotImplementedError

    def roots(self) -> list[Path]:
        """Where the raw data may be, the likeliest first."""
        return [self.root]

    def missing(self) -> str:
        """The sentence for raw data that is not there."""
        return f"there is nothing at {self.root}"

    def check(self, source: Source, dataset: PackedDataset) -> None:
        """Raise a `ValueError` where too little of the source can be used."""

    def make_packed(self) -> Path:
        if (self.root / MANIFEST).is_file():
            return self.root
        root = next((root for root in self.roots() if root.exists()), None)
        if root is None:
            packed = next((out for out in map(self._place, self.roots()) if (out / MANIFEST).is_file()), None)
            if packed is None:
                raise ValueError(self.missing())
            print(f"{self.root} is not there any more: what was packed of it is used, {packed}", file=sys.stderr)
            return packed
        source, out = self.open_source(root), self._place(root)
        dataset = pack_source(source, out, size=self.image_size, workers=self.workers).dataset
        self.check(source, dataset)
        return out

    def _place(self, root: Path) -> Path:
        tag = hashlib.blake2b(str(root).encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        return self.cache / f"{self.packed_name(root)}_{self.image_size}_{tag}"
