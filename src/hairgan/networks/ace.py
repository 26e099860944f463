"""ACE, the region-adaptive normalisation of SEAN (Zhu et al. 2020, "SEAN: Image Synthesis with Semantic
Region-Adaptive Normalization", equations 1 to 3).

    ACE(x) = (1 + gamma) * BN(x + noise) + beta
    gamma  = a * gamma_style + (1 - a) * gamma_label,  beta likewise with a weight of its own

The style branch convolves a map that holds ReLU(FC_j z_j) on all pixels of region j. Such a map is constant within a
region, so its 3x3 convolution is a sum of nine rows of a small table, one row a region and offset. The label branch is
two 3x3 convolutions of the one-hot labels. Both are computed for the different neighbourhoods of the label map and
gathered, or, where those are not known, for every pixel.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks.batch_norm import ParameterFreeBatchNorm
from hairgan.networks.label_layout import OFFSETS, Level
from hairgan.networks.modulation import modulate

LABEL_WIDTH = 128
"""Hidden channels of the published label branch."""


class StyleBranch(nn.Module):
    """From style codes to what each region contributes at each offset of a 3x3 kernel.

    The per-region layers are one parameter (regions, 512, 512); the convolutions for scale and shift are one parameter
    laid out (3, 3, 2C, 512).
    """

    def __init__(self, channels: int, num_regions: int, style_dim: int) -> None:
        super().__init__()
        self.region_weight = nn.Parameter(torch.empty(num_regions, style_dim, style_dim))
        self.region_bias = nn.Parameter(torch.zeros(num_regions, style_dim))
        self.weight = nn.Parameter(torch.empty(3, 3, 2 * channels, style_dim))
        self.bias = nn.Parameter(torch.zeros(2 * channels))
        self.blending = nn.Parameter(torch.zeros(2))  # for scale and shift, before the sigmoid

    def forward(self, styles: Float[Tensor, "b r d"]) -> Float[Tensor, "b r 9 c2"]:
        """The convolution of the style map, taken apart by region and offset, without its bias."""
        hidden = torch.baddbmm(self.region_bias[:, :, None], self.region_weight, styles.permute(1, 2, 0))
        hidden = F.relu(hidden).permute(2, 0, 1).flatten(0, 1)  # (B * R, D)
        if hidden.device.type == "cpu":  # as a 1x1 convolution of the parameter: products with few rows are slow there
            kernels = self.weight.unflatten(2, (2, -1, 1)).flatten(0, 2).permute(0, 3, 1, 2)  # (9 * 2, D, C, 1)
            products = F.conv2d(kernels, hidden[:, :, None, None]).transpose(0, 1)  # (B * R, 9 * 2, C, 1)
        else:
            products = F.linear(hidden, self.weight.flatten(0, 2))
        return products.reshape(*styles.shape[:2], OFFSETS, -1)

    def share(self) -> Float[Tensor, " c2"]:
        """The style's share of the 2C scales and shifts, in (0, 1)."""
        return self.blending.sigmoid().repeat_interleave(len(self.bias) // 2)


class ACE(nn.Module):
    """Region-adaptive normalisation of a feature map.

    Args:
        channels: C of the feature map.
        num_regions: number of regions.
        style_dim: length of a region's style code; None for a layer that sees the labels only.
        label_width: hidden channels of the label branch.
    """

    def __init__(self, channels: int, num_regions: int, style_dim: int | None, label_width: int = LABEL_WIDTH) -> None:
        super().__init__()
        self.norm = ParameterFreeBatchNorm(channels)
        self.noise_scale = nn.Parameter(torch.zeros(channels))
        self.embed_weight = nn.Parameter(torch.empty(3, 3, num_regions, label_width))
        self.embed_bias = nn.Parameter(torch.zeros(label_width))
        self.label_weight = nn.Parameter(torch.empty(2 * channels, 3, 3, label_width))
        self.label_bias = nn.Parameter(torch.zeros(2 * channels))
        self.style = None if style_dim is None else StyleBranch(channels, num_regions, style_dim)

    def initialise(self, gain: float) -> None:
        """Xavier-normal weights, with the fans of the separate layers that the parameters stand for."""

        def fill(weight: Tensor, fans: int) -> None:
            nn.init.normal_(weight, std=gain * (2 / fans) ** 0.5)

        channels = len(self.noise_scale)
        _, _, num_regions, label_width = self.embed_weight.shape
        fill(self.embed_weight, OFFSETS * (num_regions + label_width))
        fill(self.label_weight, OFFSETS * (label_width + channels))
        if self.style is not None:
            style_dim = self.style.weight.shape[-1]
            fill(self.style.region_weight, 2 * style_dim)
            fill(self.style.weight, OFFSETS * (style_dim + channels))

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        level: Level,
        styles: Float[Tensor, "b r d"],
        noise: Float[Tensor, "b h w"] | None = None,
        label_part: Tensor | None = None,
        negative_slope: float = 1.0,
    ) -> Float[Tensor, "b c h w"]:
        """Normalise and modulate.

        Args:
            noise: one standard normal value a pixel, shared by the channels; None for no noise.
            label_part: what `label_part` returned for this level, if it was kept.
            negative_slope: of the leaky ReLU applied to the result; 1 for none.
        """
        if noise is not None:
            x = x + (noise[:, None] * self.noise_scale[:, None, None]).to(x.dtype)
        modulation = self.label_part(level) if label_part is None else label_part
        if self.style is not None:
            modulation = modulation + self.style_part(level, styles)
        gamma, beta = modulation.chunk(2, dim=1)
        if level.neighbourhoods is None:
            out = torch.addcmul(beta.to(x.dtype), self.norm(x), 1 + gamma.to(x.dtype))
            return out if negative_slope == 1 else F.leaky_relu_(out, negative_slope)
        if self.training:
            return modulate(self.norm(x), 1 + gamma, beta, level.neighbourhoods.index, negative_slope)
        scale = (1 + gamma) * (self.norm.running_var + self.norm.eps).rsqrt()  # takes the normalisation in
        shift = beta - self.norm.running_mean * scale
        return modulate(x, scale, shift, level.neighbourhoods.index, negative_slope)

    def label_part(self, level: Level) -> Tensor:
        """The labels' part of scale and shift, for each different neighbourhood (N, 2C) or each pixel (B, 2C, h, w)."""
        if (near := level.neighbourhoods) is None:
            kernels = self.embed_weight.permute(3, 2, 0, 1)
            hidden = F.conv2d(level.masks, kernels, self.embed_bias, padding=1).relu_()
            part = F.conv2d(hidden, self.label_weight.permute(0, 3, 1, 2), self.label_bias, padding=1)
            return part if self.style is None else part * (1 - self.style.share()).to(part.dtype)[:, None, None]
        table = F.pad(self.embed_weight.flatten(0, 2), (0, 0, 0, 1))
        hidden = F.relu(sum_rows(table, near.embed_rows) + self.embed_bias)
        hidden = F.pad(hidden, (0, 0, 0, 1))  # (P + 1, 128), the last for what is outside of the image
        kernels = self.label_weight.flatten(1, 2).transpose(0, 1).flatten(0, 1)  # (9 * 2C, 128)
        table = F.linear(hidden, kernels).view(len(hidden) * OFFSETS, -1)
        part = sum_rows(table, near.label_rows) + self.label_bias
        return part if self.style is None else part * (1 - self.style.share())

    def style_part(self, level: Level, styles: Float[Tensor, "b r d"]) -> Tensor:
        """The styles' part of scale and shift, shaped as the labels' part."""
        assert self.style is not None
        share = self.style.share()
        table = self.style(styles) * share
        if (near := level.neighbourhoods) is not None:
            table = F.pad(table.flatten(0, 2), (0, 0, 0, 1))
            return (sum_rows(table, near.style_rows) + self.style.bias * share)[near.centre]
        part = torch.baddbmm(self.style.bias * share, level.mask_patches, table.flatten(1, 2))  # (B, h * w, 2C)
        return part.mT.unflatten(2, level.labels.shape[1:])


def sum_rows(table: Float[Tensor, "rows c"], rows: Int64[Tensor, "n 9"]) -> Float[Tensor, "n c"]:
    """Sums of nine rows of a table, in float32 or better."""
    return F.embedding_bag(rows, table.to(torch.promote_types(table.dtype, torch.float32)), mode="sum")
