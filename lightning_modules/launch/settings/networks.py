"""Settings of the networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lightning_modules.launch.settings.validation import Settings
from lightning_modules.launch.settings.value_types import BelowOne, Count, ImageSize, NotNegative, Path, Width, one_of


class StarGANNetwork(Settings):
    """Shared by the convolutional networks of StarGAN v2."""

    image_size: ImageSize
    base_width: Width | None = None
    max_width: Width = 512


class PerDomain(Settings):
    """Shared by the networks that have one output branch per domain."""

    num_domains: Count | None  # null until the data is known


class Generator(StarGANNetwork):
    style_dim: Width = 64
    w_hpf: NotNegative = 1.0


class StyleEncoder(StarGANNetwork, PerDomain):
    style_dim: Width = 64


class Discriminator(StarGANNetwork, PerDomain):
    pass


class MappingNetwork(PerDomain):
    latent_dim: Width = 16
    style_dim: Width = 64
    hidden_dim: Width = 512


class SEANGenerator(Settings):
    image_size: ImageSize
    width: Width = 64
    max_width: Width | None = None
    label_width: Width = 128
    style_dim: Width = 512
    upsampling: Literal["normal", "more", "most"] = "normal"

    @model_validator(mode="after")
    def _starts_at_one_pixel_or_more(self) -> SEANGenerator:
        smallest = {"normal": 32, "more": 64, "most": 128}[self.upsampling]
        if self.image_size < smallest:
            raise ValueError(
                f"model.generator.upsampling={self.upsampling} needs an image_size of {smallest} or more, "
                f"not {self.image_size}"
            )
        return self


class SEANDiscriminator(Settings):
    width: Width = 64
    num_scales: Annotated[int, Field(ge=1, le=5)] = 2


class ResNet(Settings):
    """Shared by the networks that stand on a ResNet."""

    image_size: ImageSize
    depth: one_of(18, 34, 50) = 18
    base_width: Width = 64


class BiSeNet(ResNet):
    detail: bool = False
    stem_stride: one_of(1, 2, 4) = 4
    mirrored: bool = False


class HairClassifier(ResNet):
    dropout: BelowOne = 0.0


class HairLayoutNet(Settings):
    image_size: ImageSize
    base_width: Width = 24
    embedding_dim: Width = 6
    detail: bool = False

    @model_validator(mode="after")
    def _divides_into_groups(self) -> HairLayoutNet:
        if self.base_width % 24:
            raise ValueError(f"model.hair_layout.base_width must be a multiple of 24, not {self.base_width}")
        return self


class VGG19Perceptual(Settings):
    weights: Path = "torchvision"


TARGETS: dict[str, type[Settings]] = {
    "hairgan.networks.stargan.Generator": Generator,
    "hairgan.networks.stargan.MappingNetwork": MappingNetwork,
    "hairgan.networks.stargan.StyleEncoder": StyleEncoder,
    "hairgan.networks.stargan.Discriminator": Discriminator,
    "hairgan.networks.sean.SEANGenerator": SEANGenerator,
    "hairgan.networks.sean.SEANDiscriminator": SEANDiscriminator,
    "hairgan.networks.face_parser.BiSeNet": BiSeNet,
    "hairgan.networks.hair_classifier.HairClassifier": HairClassifier,
    "hairgan.networks.hair_layout.HairLayoutNet": HairLayoutNet,
    "hairgan.losses.perceptual.VGG19Perceptual": VGG19Perceptual,
}
