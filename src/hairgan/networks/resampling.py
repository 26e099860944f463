"""A 3x3 convolution and the pooling after it, or the upsampling before it, as one convolution.

Average pooling and nearest upsampling are linear, so a 3x3 convolution followed by 2x2 pooling is one 4x4 convolution
of stride 2, and a 3x3 convolution after 2x upsampling is one 4x4 transposed convolution of stride 2 (Karras et al.
2018, "Progressive Growing of GANs", use the same kernels). Each needs 4/9 of the multiplications, and the intermediate
map of the higher resolution is never stored. The results differ from the two operations by rounding only.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST_FUSED = 32
"""Smallest side of the larger map at which the saving outweighs the cost of the 4x4 kernel (measured at batch 1)."""


def spreading_matrix() -> Float[Tensor, "9 16"]:
    """The linear map from a 3x3 kernel to the 4x4 kernel that is the sum of its four placements."""
    matrix = torch.zeros(3, 3, 4, 4)
    for row in range(3):
        for column in range(3):
            matrix[row, column, row : row + 2, column : column + 2] = 1.0
    return matrix.view(9, 16)


class Conv3x3(nn.Conv2d):
    """3x3 convolution with zero padding 1 and its kernel spread to 4x4; parameters as in `nn.Conv2d`."""

    spread: Tensor

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out, 3, padding=1)
        self.register_buffer("spread", spreading_matrix(), persistent=False)

    def kernel4x4(self) -> Float[Tensor, "dim_out dim_in 4 4"]:
        """The kernel that sums four copies of the 3x3 one, shifted by 0 or 1 pixel along each axis."""
        # (dim_out, dim_in, 9) @ (9, 16) -> (dim_out, dim_in, 4, 4)
        return (self.weight.flatten(2) @ self.spread).view(self.out_channels, self.in_channels, 4, 4)


class ConvPool(Conv3x3):
    """3x3 convolution, then 2x2 average pooling."""

    def forward(self, x: Float[Tensor, "b dim_in h w"]) -> Float[Tensor, "b dim_out h//2 w//2"]:
        if x.shape[-1] < SMALLEST_FUSED:
            return F.avg_pool2d(super().forward(x), 2)
        return F.conv2d(x, self.kernel4x4() / 4, self.bias, stride=2, padding=1)


class UpsampleConv(Conv3x3):
    """2x nearest upsampling, then 3x3 convolution."""

    def forward(self, x: Float[Tensor, "b dim_in h w"]) -> Float[Tensor, "b dim_out 2*h 2*w"]:
        if 2 * x.shape[-1] < SMALLEST_FUSED:
            return super().forward(F.interpolate(x, scale_factor=2))
        kernel = self.kernel4x4().flip(2, 3).transpose(0, 1)  # (dim_in, dim_out, 4, 4)
        return F.conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)
