"""BiSeNet face parser: assigns one of 19 regions to every pixel of an image.

After Yu et al. 2018, "BiSeNet: Bilateral segmentation network", in the variant of the public face-parsing weights:
there is no spatial path, and the 1/8 features of the ResNet take its place; logits are computed at 1/8 of the input
size and upsampled bilinearly with aligned corners. Layers are named after the published strides. A stem of smaller
stride halves or quarters all strides; a detail head, which is not in the paper, makes the logits another four times as
fine.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.resnet import ResNet
from hairgan.regions import NUM_REGIONS, SWAP_LEFT_RIGHT

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
PUBLISHED_SIZE = 512
"""Side of the crops that the public weights were trained on, px."""


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
        attention = self.bn_attention(self.conv_attention(_global_mean(x))).sigmoid()  # (B, C_out, 1, 1)
        return x * attention


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
        x = self.conv(torch.cat([spatial, context], dim=1))  # (B, C_spatial + C_context, h, w) -> (B, C_out, h, w)
        return x * self.expand(F.relu(self.reduce(_global_mean(x)))).sigmoid() + x


class Classifier(nn.Module):
    """A head: a 3x3 convolution, then one score per class."""

    def __init__(self, width_in: int, width: int, num_classes: int) -> None:
        super().__init__()
        self.conv = ConvBNReLU(width_in, width, 3)
        self.score = nn.Conv2d(width, num_classes, 1, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b classes h w"]:
        return self.score(self.conv(x))


class DetailClassifier(nn.Module):
    """A head for logits at twice the resolution of the ResNet's first stage, whose features it adds to the fused ones.

    A skip connection as in U-Net (Ronneberger et al. 2015) and a sub-pixel convolution (Shi et al. 2016). It helps with
    regions that are only a pixel or two wide.
    """

    def __init__(self, width_fused: int, width_detail: int, num_classes: int) -> None:
        super().__init__()
        width = 2 * width_detail
        self.reduce = ConvBNReLU(width_fused, width, 1)
        self.conv = ConvBNReLU(width + width_detail, width, 3)
        self.score = nn.Conv2d(width, 4 * num_classes, 1, bias=False)

    def forward(
        self, fused: Float[Tensor, "b c_fused h w"], detail: Float[Tensor, "b c_detail h2 w2"]
    ) -> Float[Tensor, "b classes h4 w4"]:
        context = F.interpolate(self.reduce(fused), detail.shape[2:], mode="bilinear", align_corners=True)
        x = self.conv(torch.cat([context, detail], dim=1))  # (B, width + C_detail, h2, w2) -> (B, width, h2, w2)
        return F.pixel_shuffle(self.score(x), 2)  # (B, 4 * classes, h2, w2) -> (B, classes, h4, w4)


class _Features(NamedTuple):
    """What the heads of the parser see; numbers are strides with the published stem."""

    context8: Tensor
    context16: Tensor
    detail4: Tensor  # features of the ResNet
    spatial8: Tensor  # features of the ResNet


class BiSeNet(ConfiguredNetwork):
    """The parser. It takes images in [-1, 1] of any size, and normalizes them with ImageNet's mean and deviation.

    Args:
        depth: of the ResNet: 18 as published, 34 or 50.
        base_width: channels of the ResNet's stem, 64 as published; all other widths follow it.
        num_classes: number of regions.
        stem_stride: of the ResNet's stem, 4 as published; with 2 or 1 logits come at 1/4 or 1/2 of the input size.
        detail: whether the main head also sees the ResNet's first stage, and its logits are four times as fine.
        image_size: side of the aligned crops it is trained on, px. It takes any size, and is most accurate at this one.
        mirrored: in evaluation mode the logits are the mean over the images and their mirror images. On photographs
            that is more robust; it takes twice the time. Not in the paper.

    Raises:
        ValueError: for another depth or stem, or `mirrored` with other regions than the 19.
    """

    step_methods = ("with_auxiliary",)
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        depth: int = 18,
        base_width: int = 64,
        num_classes: int = NUM_REGIONS,
        stem_stride: int = 4,
        detail: bool = False,
        image_size: int = PUBLISHED_SIZE,
        mirrored: bool = False,
    ) -> None:
        if mirrored and num_classes != NUM_REGIONS:
            raise ValueError(f"mirrored needs the {NUM_REGIONS} regions, whose left and right are known")
        super().__init__()
        self.image_size, self.mirrored = image_size, mirrored
        self.backbone = ResNet(depth, base_width, stem_stride=stem_stride)
        width4, width8, width16, width32 = self.backbone.channels
        width = 2 * base_width
        self.global_context = ConvBNReLU(width32, width, 1)
        self.refine32 = AttentionRefinement(width32, width)
        self.smooth32 = ConvBNReLU(width, width, 3)
        self.refine16 = AttentionRefinement(width16, width)
        self.smooth16 = ConvBNReLU(width, width, 3)
        self.fusion = FeatureFusion(width8 + width, 2 * width)
        self.classifier: Classifier | DetailClassifier
        if detail:
            self.classifier = DetailClassifier(2 * width, width4, num_classes)
        else:
            self.classifier = Classifier(2 * width, 2 * width, num_classes)
        self.auxiliary8 = Classifier(width, width // 2, num_classes)
        self.auxiliary16 = Classifier(width, width // 2, num_classes)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d) and not name.startswith("backbone."):
                nn.init.kaiming_normal_(module.weight, a=1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b classes h w"]:
        """Logits of every region at the size of the images in [-1, 1]; the auxiliary heads are not computed."""
        logits = self._main(self._features(images), images)
        if self.mirrored and not self.training:
            mirror_images = images.flip(-1)
            of_mirror = self._main(self._features(mirror_images), mirror_images)
            logits = (logits + of_mirror.flip(-1)[:, SWAP_LEFT_RIGHT.tolist()]) / 2
        return logits

    def with_auxiliary(
        self, images: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b classes h w"], Float[Tensor, "b classes h8 w8"], Float[Tensor, "b classes h16 w16"]]:
        """Logits of the main head and of the auxiliary heads at strides 8 and 16, for training.

        With `detail` the auxiliary logits are not upsampled to the size of the images: at full size they would cost
        more than the network.

        Raises:
            ValueError: in training mode with a single image: batch norm on 1x1 maps needs two.
        """
        if self.training and images.shape[0] < 2:
            raise ValueError(
                f"training the parser needs at least 2 images per batch and process, got {images.shape[0]}"
            )
        features = self._features(images)
        main = self._main(features, images)
        auxiliary8, auxiliary16 = self.auxiliary8(features.context8), self.auxiliary16(features.context16)
        if isinstance(self.classifier, DetailClassifier):
            return main, auxiliary8, auxiliary16
        return main, _upsample(auxiliary8, images), _upsample(auxiliary16, images)

    def _main(self, features: _Features, images: Tensor) -> Tensor:
        """Logits of the main head at the size of the images."""
        fused = self.fusion(features.spatial8, features.context8)
        if isinstance(self.classifier, DetailClassifier):
            return _upsample(self.classifier(fused, features.detail4), images)
        return _upsample(self.classifier(fused), images)

    def _features(self, images: Tensor) -> _Features:
        """The ResNet and the context path."""
        features4, features8, features16, features32 = self.backbone.stages((0.5 * images + 0.5 - self.mean) / self.std)
        context32 = self.refine32(features32) + self.global_context(_global_mean(features32))
        context16 = self.smooth32(F.interpolate(context32, features16.shape[2:]))
        context16_refined = self.refine16(features16) + context16
        context8 = self.smooth16(F.interpolate(context16_refined, features8.shape[2:]))
        return _Features(context8, context16, detail4=features4, spatial8=features8)


def input_size(parser: nn.Module) -> int:
    """Side of the aligned crops that a parser was trained on, px: its `image_size`, or 512 if it has none."""
    size = getattr(parser, "image_size", PUBLISHED_SIZE)
    assert isinstance(size, int)
    return size


def _global_mean(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3), keepdim=True)  # (B, C, h, w) -> (B, C, 1, 1)


def _upsample(logits: Tensor, images: Tensor) -> Tensor:
    """Logits at the size of the images."""
    if logits.shape[2:] == images.shape[2:] and not torch.compiler.is_exporting():  # an exported graph takes any size
        return logits
    return F.interpolate(logits, images.shape[2:], mode="bilinear", align_corners=True)
