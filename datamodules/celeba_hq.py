"""CelebAMask-HQ, raw or packed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from datamodules.base import HairDataModule
from hairgan.data import packed
from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.packing import pack


class CelebAHQHairDataModule(HairDataModule):
    """CelebAMask-HQ as people have it: the zip, the unpacked folder, or what `hairgan prepare` made of either.

    Args:
        root: the zip, the folder (or the one around it), or a packed dataset.
        cache: folder in which raw data is packed, once per image size.
        workers: processes that pack; None takes one a core.
        shared: see `HairDataModule`.

    Raises:
        ValueError: there is nothing at `root`, or something else; the message says how to get the data.
    """

    def __init__(self, *, root: str | Path, cache: str | Path, workers: int | None = None, **shared: Any) -> None:
        super().__init__(**shared)
        self.root, self.cache, self.workers = Path(root).absolute(), Path(cache).absolute(), workers

    def pack(self) -> Path:
        if (self.root / packed.MANIFEST).is_file():
            return self.root
        root = self.root
        if not root.exists() and root.with_suffix(".zip").is_file():
            root = root.with_suffix(".zip")
        if not root.exists():
            raise ValueError(
                f"no CelebAMask-HQ at {self.root} (nor a .zip of that name). Download CelebAMask-HQ.zip from its "
                "project page (github.com/switchablenorms/CelebAMask-HQ, non-commercial), then give its place as "
                f"data.root=..., or prepare it with `hairgan prepare CelebAMask-HQ.zip --size {self.image_size}`. "
                "data=portraits needs no download."
            )
        tag = hashlib.blake2b(str(root).encode(), digest_size=4).hexdigest()
        out = self.cache / f"celeba_hq_{self.image_size}_{tag}"
        if not (out / packed.MANIFEST).is_file():
            source = CelebAMaskHQ.open(root)
            workers = os.cpu_count() or 1 if self.workers is None else self.workers
            parameters = {"kind": "celebamask-hq", "path": str(root)}
            pack(source.item, len(source), out, size=self.image_size, source=parameters, workers=workers)
        return out
