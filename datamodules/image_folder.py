"""Images in folders, one folder a domain: the official StarGAN v2 layout."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from datamodules.base import HairDataModule
from hairgan.data import packed
from hairgan.data.image_folder import ImageFolder
from hairgan.data.packing import pack
from hairgan.domains import Domains


class ImageFolderDataModule(HairDataModule):
    """`train/<domain>/*.jpg` and `val/<domain>/*.jpg`; a domain is a folder, in sorted order. No label maps.

    Args:
        root: the folder that holds `train` and `val`, or a packed dataset made of it.
        cache: folder in which it is packed, once per image size.
        workers: processes that pack; None takes one a core.
        shared: see `HairDataModule`.
    """

    def __init__(self, *, root: str | Path, cache: str | Path, workers: int | None = None, **shared: Any) -> None:
        super().__init__(**shared, domains=None)
        self.root, self.cache, self.workers = Path(root).absolute(), Path(cache).absolute(), workers

    def pack(self) -> Path:
        if (self.root / packed.MANIFEST).is_file():
            return self.root
        tag = hashlib.blake2b(str(self.root).encode(), digest_size=4).hexdigest()
        out = self.cache / f"{self.root.name}_{self.image_size}_{tag}"
        if not (out / packed.MANIFEST).is_file():
            source = ImageFolder.open(self.root)
            workers = os.cpu_count() or 1 if self.workers is None else self.workers
            parameters = {"kind": "image-folder", "path": str(self.root)}
            pack(source.item, len(source), out, size=self.image_size, source=parameters, labels=False, workers=workers)
        return out

    def find_domains(self, dataset: packed.PackedDataset) -> Domains:
        names = sorted(set(dataset.attributes["domain"]))
        return Domains({name: f"domain = '{name.replace(chr(39), chr(39) * 2)}'" for name in names})
