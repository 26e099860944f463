"""The networks: one family per file, as in their papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.networks.face_parser import BiSeNet
    from hairgan.networks.fan import FAN
    from hairgan.networks.hair_classifier import HairClassifier
    from hairgan.networks.mean_styles import MeanStyles
    from hairgan.networks.resnet import fold_batch_norm
    from hairgan.networks.sean import SEANDiscriminator, SEANGenerator, pixel_noise
    from hairgan.networks.stargan import Discriminator as StarGANv2Discriminator
    from hairgan.networks.stargan import Generator as StarGANv2Generator
    from hairgan.networks.stargan import MappingNetwork as StarGANv2MappingNetwork
    from hairgan.networks.stargan import StyleEncoder as StarGANv2StyleEncoder
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "BiSeNet": "face_parser:BiSeNet",
            "FAN": "fan:FAN",
            "HairClassifier": "hair_classifier:HairClassifier",
            "MeanStyles": "mean_styles:MeanStyles",
            "SEANDiscriminator": "sean:SEANDiscriminator",
            "SEANGenerator": "sean:SEANGenerator",
            "StarGANv2Discriminator": "stargan:Discriminator",
            "StarGANv2Generator": "stargan:Generator",
            "StarGANv2MappingNetwork": "stargan:MappingNetwork",
            "StarGANv2StyleEncoder": "stargan:StyleEncoder",
            "fold_batch_norm": "resnet:fold_batch_norm",
            "pixel_noise": "sean:pixel_noise",
        },
    )

__all__ = [
    "FAN",
    "BiSeNet",
    "HairClassifier",
    "MeanStyles",
    "SEANDiscriminator",
    "SEANGenerator",
    "StarGANv2Discriminator",
    "StarGANv2Generator",
    "StarGANv2MappingNetwork",
    "StarGANv2StyleEncoder",
    "fold_batch_norm",
    "pixel_noise",
]
