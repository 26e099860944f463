"""Losses: functions and small modules that take networks as arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.losses.adversarial import hinge_loss, logistic_loss, r1_penalty
    from hairgan.losses.classification import masked_cross_entropies
    from hairgan.losses.perceptual import VGG19Perceptual
    from hairgan.losses.phase import PhaseLoss
    from hairgan.losses.sean import SEANWeights
    from hairgan.losses.sean import discriminator_loss as sean_discriminator_loss
    from hairgan.losses.sean import generator_loss as sean_generator_loss
    from hairgan.losses.segmentation import bisenet_loss, soft_jaccard_loss
    from hairgan.losses.stargan import StarGANv2Step, StarGANv2Weights
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "PhaseLoss": "phase:PhaseLoss",
            "SEANWeights": "sean:SEANWeights",
            "StarGANv2Step": "stargan:StarGANv2Step",
            "StarGANv2Weights": "stargan:StarGANv2Weights",
            "VGG19Perceptual": "perceptual:VGG19Perceptual",
            "bisenet_loss": "segmentation:bisenet_loss",
            "hinge_loss": "adversarial:hinge_loss",
            "logistic_loss": "adversarial:logistic_loss",
            "masked_cross_entropies": "classification:masked_cross_entropies",
            "r1_penalty": "adversarial:r1_penalty",
            "sean_discriminator_loss": "sean:discriminator_loss",
            "sean_generator_loss": "sean:generator_loss",
            "soft_jaccard_loss": "segmentation:soft_jaccard_loss",
        },
    )

__all__ = [
    "PhaseLoss",
    "SEANWeights",
    "StarGANv2Step",
    "StarGANv2Weights",
    "VGG19Perceptual",
    "bisenet_loss",
    "hinge_loss",
    "logistic_loss",
    "masked_cross_entropies",
    "r1_penalty",
    "sean_discriminator_loss",
    "sean_generator_loss",
    "soft_jaccard_loss",
]
