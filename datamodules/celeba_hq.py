"""CelebAMask-HQ, raw or packed."""

from __future__ import annotations

from pathlib import Path

from datamodules.photographs import PhotographDataModule
from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.sources import Source


class CelebAHQHairDataModule(PhotographDataModule):
    """CelebAMask-HQ as a zip, as an unpacked folder, or packed by `hairgan prepare`.

    `root` is the zip, the folder (or the one around it), or a packed dataset; see `PhotographDataModule`.

    Raises:
        ValueError: `root` does not exist or holds something else; the message says how to get the data.
    """

    def open_source(self, root: Path) -> Source:
        return CelebAMaskHQ.open(root)

    def packed_name(self, root: Path) -> str:
        return "celeba_hq"

    def candidate_roots(self) -> list[Path]:
        return [self.root, self.root.with_name(self.root.name + ".zip")]

    def missing_message(self) -> str:
        return (
            f"there is no CelebAMask-HQ at {self.root}, and no .zip of that name. Download CelebAMask-HQ.zip from its "
            "project page (github.com/switchablenorms/CelebAMask-HQ, non-commercial), then give its path as "
            f"data.root=..., or prepare it with `hairgan prepare CelebAMask-HQ.zip --size {self.image_size}`. "
            "data=portraits needs no download."
        )
