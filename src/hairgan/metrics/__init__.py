"""Metrics: torchmetrics `Metric` classes, and LPIPS. They compute; `hairgan.evaluation` runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.metrics.classification import AttributeScores
    from hairgan.metrics.color import ciede2000
    from hairgan.metrics.definitions import Definition
    from hairgan.metrics.extractors import EmbeddedExtractor, TorchFidelityInception, TorchvisionInception
    from hairgan.metrics.generative import FID, KID
    from hairgan.metrics.hair_edits import HairColorDistance, HairShapeIoU, OutsideHairChange
    from hairgan.metrics.identity import FaceEmbedder, IdentitySimilarity
    from hairgan.metrics.mean_over_images import MeanOverImages
    from hairgan.metrics.perceptual import LPIPS
    from hairgan.metrics.reconstruction import Reconstruction
    from hairgan.metrics.segmentation import ParsingScores
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "AttributeScores": "classification:AttributeScores",
            "Definition": "definitions:Definition",
            "FID": "generative:FID",
            "EmbeddedExtractor": "extractors:EmbeddedExtractor",
            "FaceEmbedder": "identity:FaceEmbedder",
            "HairColorDistance": "hair_edits:HairColorDistance",
            "HairShapeIoU": "hair_edits:HairShapeIoU",
            "IdentitySimilarity": "identity:IdentitySimilarity",
            "KID": "generative:KID",
            "LPIPS": "perceptual:LPIPS",
            "MeanOverImages": "mean_over_images:MeanOverImages",
            "OutsideHairChange": "hair_edits:OutsideHairChange",
            "ParsingScores": "segmentation:ParsingScores",
            "Reconstruction": "reconstruction:Reconstruction",
            "TorchFidelityInception": "extractors:TorchFidelityInception",
            "TorchvisionInception": "extractors:TorchvisionInception",
            "ciede2000": "color:ciede2000",
        },
    )

__all__ = [
    "FID",
    "KID",
    "LPIPS",
    "AttributeScores",
    "Definition",
    "EmbeddedExtractor",
    "FaceEmbedder",
    "HairColorDistance",
    "HairShapeIoU",
    "IdentitySimilarity",
    "MeanOverImages",
    "OutsideHairChange",
    "ParsingScores",
    "Reconstruction",
    "TorchFidelityInception",
    "TorchvisionInception",
    "ciede2000",
]
