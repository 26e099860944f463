"""BiSeNet face parser: an image to one of 19 regions for every pixel.

After Yu et al. 2018, "BiSeNet: Bilateral segmentation network", in the variant of the public face-parsing weights:
there is no spatial path, the 1/8 features of the ResNet take its place; logits come at 1/8 of the input size and are
enlarged bilinearly with aligned corners. Names of layers tell the published strides; a finer stem makes them finer.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks.resnet import ResNet
from hairgan.regions import NUM_REGIONS

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
PUBLISHED_SIZE = 512
"""Side of the crops that the public weights see best, px."""


class ConvBNReLU(nn.Sequential):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, width_in: int, width_out: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, kernel_size, padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(width_out)
        self.relu = nn.ReLU(inplace=True)


class AttentionRefinement(nn.Module):
    """Attention refinement module (section 3.2 of the paper): features weighted by channel."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = ConvBNReLU(width_in, width_out, 3)
        self.conv_attention = nn.Conv2d(width_out, width_out, 1, bias=False)
        self.bn_attention = nn.BatchNorm2d(width_out)

    def forward(self, x: Float[Tensor, "b c_in h w"]) -> Float[Tensor, "b c_out h w"]:
        x = self.conv(x)
        return x * self.bn_attention(self.conv_attention(_global_mean(x))).sigmoid()


class FeatureFusion(nn.Module):
    """Feature fusion module (section 3.2): spatial detail and context, weighted by channel, with a residual."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = ConvBNReLU(width_in, width_out, 1)
        self.reduce = nn.Conv2d(width_out, width_out // 4, 1, bias=False)
        self.expand = nn.Conv2d(width_out // 4, width_out, 1, bias=False)

    def forward(
        self, spatial: Float[Tensor, "b c_spatial h w"], context: Float[Tensor, "b c_context h w"]
    ) -> Float[Tensor, "b c_out h w"]:
        x = self.conv(torch.cat([spatial, context], dim=1))
        return x * self.expand(F.relu(self.reduce(_global_mean(x)))).sigmoid() + x


class Classifier(nn.Module):
    """A head: 3x3 convolution and one score a class."""

    def __init__(self, width_in: int, width: int, num_classes: int) -> None:
        super().__init__()
        self.conv = ConvBNReLU(width_in, width, 3)
        self.score = nn.Conv2d(width, num_classes, 1, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b classes h w"]:
        return self.score(self.conv(x))


class BiSeNet(nn.Module):
    """The parser; takes images in [-1, 1] of any size and normalises them inside.

    Args:
        depth: of the ResNet: 18 as published, 34 or 50.
        base_width: channels of the ResNet's stem, 64 as published; all other widths follow it.
        num_classes: number of regions.
        stem_stride: of the ResNet's stem, 4 as published; with 2 or 1 logits come at 1/4 or 1/2 of the input size.
        image_size: side of the aligned crops it is trained on, px. It takes any size, and sees best at this one.

    Raises:
        ValueError: for another depth or stem.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        depth: int = 18,
        base_width: int = 64,
        num_classes: int = NUM_REGIONS,
        stem_stride: int = 4,
        image_size: int = PUBLISHED_SIZE,
    ) -> None:
        super().__init__()
        self.config = {
            "depth": depth,
            "base_width": base_width,
            "num_classes": num_classes,
            "stem_stride": stem_stride,
            "image_size": image_size,
        }
        self.image_size = image_size
        self.backbone = ResNet(depth, base_width, stem_stride=stem_stride)
        width8, width16, width32 = self.backbone.channels[1:]
        width = 2 * base_width
        self.global_context = ConvBNReLU(width32, width, 1)
        self.refine32 = AttentionRefinement(width32, width)
        self.smooth32 = ConvBNReLU(width, width, 3)
        self.refine16 = AttentionRefinement(width16, width)
        self.smooth16 = ConvBNReLU(width, width, 3)
        self.fusion = FeatureFusion(width8 + width, 2 * width)
        self.classifier = Classifier(2 * width, 2 * width, num_classes)
        self.auxiliary8 = Classifier(width, width // 2, num_classes)
        self.auxiliary16 = Classifier(width, width // 2, num_classes)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d) and not name.startswith("backbone."):
                nn.init.kaiming_normal_(module.weight, a=1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b classes h w"]:
        """Logits of every region at the size of the images; the auxiliary heads are not computed."""
        context8, _, spatial = self._features(images)
        return _enlarge(self.classifier(self.fusion(spatial, context8)), images)

    def with_auxiliary(
        self, images: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b classes h w"], Float[Tensor, "b classes h w"], Float[Tensor, "b classes h w"]]:
        """Logits of the main head and of the auxiliary heads at strides 8 and 16, for training.

        Raises:
            ValueError: in training mode with a single image: batch norm on 1x1 maps needs two.
        """
        if self.training and images.shape[0] < 2:
            raise ValueError(f"training the parser needs at least 2 images a batch and process, got {images.shape[0]}")
        context8, context16, spatial = self._features(images)
        main = self.classifier(self.fusion(spatial, context8))
        return (
            _enlarge(main, images),
            _enlarge(self.auxiliary8(context8), images),
            _enlarge(self.auxiliary16(context16), images),
        )

    def _features(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The context path: context at strides 8 and 16, and the ResNet's features at stride 8."""
        _, features8, features16, features32 = self.backbone.stages((0.5 * images + 0.5 - self.mean) / self.std)
        context32 = self.refine32(features32) + self.global_context(_global_mean(features32))
        context16 = self.smooth32(F.interpolate(context32, features16.shape[2:]))
        context16_refined = self.refine16(features16) + context16
        context8 = self.smooth16(F.interpolate(context16_refined, features8.shape[2:]))
        return context8, context16, features8


def input_size(parser: nn.Module) -> int:
    """Side of the aligned crops that a parser sees best, px: its `image_size`, or 512 for networks that have none."""
    size = getattr(parser, "image_size", PUBLISHED_SIZE)
    assert isinstance(size, int)
    return size


def _global_mean(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3), keepdim=True)


def _enlarge(logits: Tensor, images: Tensor) -> Tensor:
    return F.interpolate(logits, images.shape[2:], mode="bilinear", align_corners=True)
