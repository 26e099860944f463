"""CelebAMask-HQ, raw or packed."""

from __future__ import annotations

from pathlib import Path

from datamodules.photographs import PhotographDataModule
from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.sources import Source


class CelebAHQHairDataModule(PhotographDataModule):
    """CelebAMask-HQ as people have it: the zip, the unpacked folder, or what `hairgan prepare` made of either.

    `root` is the zip, the folder (or the one around it), or a packed dataset; see `PhotographDataModule`.

    Raises:
        ValueError: there is nothing at `root`, or something else; the message says how to get the data.
    """

    def open_source(self, root: Path) -> Source:
        return CelebAMaskHQ.open(root)

    def packed_name(self, root: Path) -> str:
        return "celeba_hq"

    def roots(self) -> list[Path]:
        return [self.root, self.root.with_name(self.root.name + ".zip")]

    def missing(self) -> str:
        return (
            f"no CelebAMask-HQ at {self.root} (nor a .zip of that name). Download CelebAMask-HQ.zip from its "
            "project page (github.com/switchablenorms/CelebAMask-HQ, non-commercial), then give its place as "
            f"data.root=..., or prepare it with `hairgan prepare CelebAMask-HQ.zip --size {self.image_size}`. "
            "data=portraits needs no download."
        )
