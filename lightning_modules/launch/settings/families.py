"""The model families, and the classes of ours that a config names for each."""

from __future__ import annotations

from typing import Any

FAMILIES = {
    "lightning_modules.StarGANv2Module": "stargan",
    "lightning_modules.SEANModule": "sean",
    "lightning_modules.FaceParserModule": "face_parser",
    "lightning_modules.HairClassifierModule": "hair_classifier",
    "lightning_modules.HairLayoutModule": "hair_layout",
}
"""Module -> family; the family is also the name of its file in `conf/model`."""

BATCHES = {
    "stargan": "hairgan.data.batches.TranslationBatches",
    "sean": "hairgan.data.batches.Batches",
    "face_parser": "hairgan.data.batches.ParsingBatches",
    "hair_classifier": "hairgan.data.batches.AttributeBatches",
    "hair_layout": "hairgan.data.hair_swaps.HairSwapBatches",
}
"""Family -> the batches that a step of it reads."""

NETWORKS = {
    "stargan": ("generator", "mapping_network", "style_encoder", "discriminator"),
    "sean": ("generator", "discriminator"),
    "face_parser": ("parser",),
    "hair_classifier": ("classifier",),
    "hair_layout": ("hair_layout",),
}
"""Family -> the networks that it trains."""

DATA = {
    "datamodules.PortraitDataModule": "portraits",
    "datamodules.CelebAHQHairDataModule": "celeba_hq",
    "datamodules.ImageFolderDataModule": "image_folder",
    "datamodules.StreamingDataModule": "streaming",
}
"""Data module -> its file in `conf/data`."""


def family_of(model: dict[str, Any]) -> str | None:
    """The family of a model's settings; None for a module of the user's own."""
    return FAMILIES.get(str(model.get("_target_")))
