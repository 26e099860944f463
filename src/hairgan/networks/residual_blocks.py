"""Residual blocks (He et al. 2016, "Deep residual learning", figures 2 and 5), with torchvision's parameter names.

They compute the same as torchvision's. They are written here because importing torchvision takes 8 seconds of CPU time
and 175 MB of memory, in every command that edits a photo.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """A rectified sum of a shortcut and a residual branch, which subclasses define."""

    relu: nn.Module
    downsample: nn.Module | None

    def residual(self, x: Float[Tensor, "b c_in h_in w_in"]) -> Float[Tensor, "b c h w"]:
        """The residual branch."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "b c_in h_in w_in"]) -> Float[Tensor, "b c h w"]:
        residual = self.residual(x)
        residual += x if self.downsample is None else self.downsample(x)
        return self.relu(residual)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions.

    Args:
        width_in, width: channels of input and output.
        stride: of the first convolution.
        downsample: the shortcut where input and output differ in shape; None for the identity.
    """

    expansion = 1

    def __init__(self, width_in: int, width: int, stride: int = 1, downsample: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def residual(self, x: Float[Tensor, "b c_in h_in w_in"]) -> Float[Tensor, "b c h w"]:
        """The residual branch."""
        return self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))


class Bottleneck(ResidualBlock):
    """A 3x3 convolution between two of 1x1; the stride is in the 3x3, as in torchvision (ResNet v1.5).

    Args:
        width_in: channels of the input.
        width: channels of the 3x3 convolution; the output has four times as many.
        stride, downsample: as in `BasicBlock`.
    """

    expansion = 4

    def __init__(self, width_in: int, width: int, stride: int = 1, downsample: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def residual(self, x: Float[Tensor, "b c_in h_in w_in"]) -> Float[Tensor, "b c h w"]:
        """The residual branch."""
        return self.bn3(self.conv3(self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))))
