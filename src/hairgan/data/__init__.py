"""Data sets: CelebAMask-HQ and folders of images, packed once per resolution, and read as batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.data.batches import AttributeBatches, Batches, ParsingBatches, TranslationBatches
    from hairgan.data.celebamask import CelebAMaskHQ
    from hairgan.data.image_folder import ImageFolder
    from hairgan.data.packed_dataset import PackedDataset
    from hairgan.data.packing import pack
    from hairgan.data.sources import open_source
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "AttributeBatches": "batches:AttributeBatches",
            "Batches": "batches:Batches",
            "CelebAMaskHQ": "celebamask:CelebAMaskHQ",
            "ImageFolder": "image_folder:ImageFolder",
            "PackedDataset": "packed_dataset:PackedDataset",
            "ParsingBatches": "batches:ParsingBatches",
            "TranslationBatches": "batches:TranslationBatches",
            "open_source": "sources:open_source",
            "pack": "packing:pack",
        },
    )

__all__ = [
    "AttributeBatches",
    "Batches",
    "CelebAMaskHQ",
    "ImageFolder",
    "PackedDataset",
    "ParsingBatches",
    "TranslationBatches",
    "open_source",
    "pack",
]
