"""Metrics: torchmetrics `Metric` classes, and LPIPS. They compute; `hairgan.evaluation` runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.metrics.classification import AttributeScores
    from hairgan.metrics.color import ciede2000
    from hairgan.metrics.generative import FID, KID, FIDEmbedded, FIDStarGANv2, LPIPSDiversity
    from hairgan.metrics.hair_edits import HairColorDistance, HairShapeIoU, OutsideHairChange
    from hairgan.metrics.perceptual import LPIPS
    from hairgan.metrics.reconstruction import Reconstruction
    from hairgan.metrics.segmentation import ParsingScores
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "AttributeScores": "classification:AttributeScores",
            "FID": "generative:FID",
            "FIDEmbedded": "generative:FIDEmbedded",
            "FIDStarGANv2": "generative:FIDStarGANv2",
            "HairColorDistance": "hair_edits:HairColorDistance",
            "HairShapeIoU": "hair_edits:HairShapeIoU",
            "KID": "generative:KID",
            "LPIPS": "perceptual:LPIPS",
            "LPIPSDiversity": "generative:LPIPSDiversity",
            "OutsideHairChange": "hair_edits:OutsideHairChange",
            "ParsingScores": "segmentation:ParsingScores",
            "Reconstruction": "reconstruction:Reconstruction",
            "ciede2000": "color:ciede2000",
        },
    )

__all__ = [
    "FID",
    "KID",
    "LPIPS",
    "AttributeScores",
    "FIDEmbedded",
    "FIDStarGANv2",
    "HairColorDistance",
    "HairShapeIoU",
    "LPIPSDiversity",
    "OutsideHairChange",
    "ParsingScores",
    "Reconstruction",
    "ciede2000",
]
