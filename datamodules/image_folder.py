"""Images in folders, one folder per domain: the official StarGAN v2 layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datamodules.photographs import PhotographDataModule
from hairgan.data.image_folder import ImageFolder
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.sources import Source


class ImageFolderDataModule(PhotographDataModule):
    """`train/<domain>/*.jpg` and `val/<domain>/*.jpg`; a domain is a folder, in sorted order. No label maps.

    `root` is the folder that holds `train` and `val`, or a packed dataset made of it; see `PhotographDataModule`.
    """

    def __init__(self, **shared: Any) -> None:
        super().__init__(**shared, domains=None)

    def open_source(self, root: Path) -> Source:
        return ImageFolder.open(root)

    def packed_name(self, root: Path) -> str:
        return root.name

    def missing_message(self) -> str:
        return f"there is no folder {self.root}: data.root is the folder that holds train/<domain>/*.jpg"

    def check_packed(self, source: Source, dataset: PackedDataset) -> None:
        assert isinstance(source, ImageFolder)
        lost = sorted(set(source.domains()) - set(dataset.attributes["domain"]))
        if lost:
            raise ValueError(
                f"no photo of the domain '{lost[0]}' can be used, though {source.root} has the folder; "
                f"{dataset.skip_report()}"
            )
