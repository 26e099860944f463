"""Hair attribute classifier: a ResNet with a convolutional block attention module in every block, and one head per
attribute (Woo et al. 2018, "CBAM: Convolutional block attention module").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from hairgan.hair_attributes import HEADS
from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.residual_blocks import BasicBlock, Bottleneck
from hairgan.networks.resnet import Block, ResNet

MINIMUM_SIZE = 32
"""Smallest image side, pixels: the stride of the last stage."""


class ChannelAttention(nn.Module):
    """A weight per channel in (0, 1), from an MLP of the channel's mean and maximum (equation 2)."""

    def __init__(self, width: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(width // reduction, 1)
        self.fc1 = nn.Conv2d(width, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, width, 1, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 1 1"]:
        mean, maximum = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        return (self.fc2(self.fc1(mean).relu()) + self.fc2(self.fc1(maximum).relu())).sigmoid()


class SpatialAttention(nn.Module):
    """A weight per position in (0, 1), from a 7x7 convolution of the mean and maximum over channels (equation 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
        pooled = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)  # (B, 2, h, w)
        return self.conv1(pooled).sigmoid()


class CBAMBasicBlock(BasicBlock):
    """The basic block with channel attention, then spatial attention, on the residual branch (figure 3)."""

    def __init__(self, width_in: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__(width_in, width, stride, downsample)
        self.ca = ChannelAttention(width)
        self.sa = SpatialAttention()

    def residual(self, x: Float[Tensor, "b c_in h_in w_in"]) -> Float[Tensor, "b c h w"]:
        """The residual branch, weighted."""
        return _attend(self, super().residual(x))


class CBAMBottleneck(Bottleneck):
    """The bottleneck block of ResNet-50 with the same two attentions."""

    def __init__(self, width_in: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__(width_in, width, stride, downsample)
        self.ca = ChannelAttention(width * self.expansion)
        self.sa = SpatialAttention()

    def residual(self, x: Float[Tensor, "b c_in h_in w_in"]) -> Float[Tensor, "b c h w"]:
        """The residual branch, weighted."""
        return _attend(self, super().residual(x))


def _attend(block: CBAMBasicBlock | CBAMBottleneck, x: Tensor) -> Tensor:
    x = x * block.ca(x)
    return x * block.sa(x)


CBAM_BLOCKS: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (CBAMBasicBlock, (2, 2, 2, 2)),
    34: (CBAMBasicBlock, (3, 4, 6, 3)),
    50: (CBAMBottleneck, (3, 4, 6, 3)),
}


class ResNetCBAM(ConfiguredNetwork, ResNet):
    """ResNet-18, 34 or 50 with CBAM in every block: maps an image to one feature vector.

    Args:
        depth: 18, 34 or 50.
        base_width: channels of the stem; 64 as published.
        num_classes: number of logits of a last linear layer, `fc`; None returns the pooled features.

    Raises:
        ValueError: for another depth.
    """

    def __init__(self, depth: int = 34, base_width: int = 64, num_classes: int | None = None) -> None:
        super().__init__(depth, base_width, CBAM_BLOCKS)
        self.width = self.channels[-1]
        self.fc = nn.Identity() if num_classes is None else nn.Linear(self.width, num_classes)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b features"]:
        """Features (or logits) of images in [-1, 1].

        Raises:
            ValueError: the images are smaller than `MINIMUM_SIZE`.
        """
        if min(images.shape[2:]) < MINIMUM_SIZE:
            height, width = images.shape[2:]
            raise ValueError(f"images must be at least {MINIMUM_SIZE} pixels wide and high, got {width}x{height}")
        return self.fc(self.stages(images)[-1].mean(dim=(2, 3)))  # (B, width, h / 32, w / 32) -> (B, width)


class HairClassifier(ConfiguredNetwork):
    """One linear head per attribute on a shared backbone.

    Args:
        depth: of the ResNet-CBAM.
        base_width: channels of its stem.
        heads: head -> class names.
        dropout: probability with which a feature is dropped before the heads, in training.
        image_size: side of the aligned crops it is trained on, px. It takes any size, and is most accurate at this one.
    """

    temperatures: Tensor

    def __init__(
        self,
        depth: int = 18,
        base_width: int = 64,
        heads: Mapping[str, Sequence[str]] = HEADS,
        dropout: float = 0.0,
        image_size: int = 256,
    ) -> None:
        super().__init__()
        self.classes = {head: tuple(names) for head, names in heads.items()}
        self.image_size = image_size
        self.backbone = ResNetCBAM(depth, base_width)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({head: nn.Linear(self.backbone.width, len(c)) for head, c in self.classes.items()})
        self.register_buffer("temperatures", torch.ones(len(self.classes)))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> dict[str, Float[Tensor, "b _"]]:
        """Logits of every head for images in [-1, 1]; see `ResNetCBAM` for the smallest size."""
        features = self.dropout(self.backbone(images))
        return {name: head(features) for name, head in self.heads.items()}

    def probabilities(self, images: Float[Tensor, "b 3 h w"]) -> dict[str, Float[Tensor, "b _"]]:
        """Calibrated class probabilities: softmax of the logits over the head's temperature."""
        return {
            head: (logits / temperature).softmax(dim=1)
            for (head, logits), temperature in zip(self(images).items(), self.temperatures, strict=True)
        }
