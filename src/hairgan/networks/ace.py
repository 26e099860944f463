"""ACE, the region-adaptive normalization of SEAN (Zhu et al. 2020, "SEAN: Image Synthesis with Semantic
Region-Adaptive Normalization", equations 1 to 3).

    ACE(x) = (1 + gamma) * BN(x + noise) + beta                      (1)
    gamma  = a_gamma * gamma_style + (1 - a_gamma) * gamma_label     (2)
    beta   = a_beta * beta_style + (1 - a_beta) * beta_label         (3)

The label branch is two 3x3 convolutions of the one-hot labels. The style branch is a 3x3 convolution of a map that
holds ReLU(FC_j z_j) at every pixel of region j. Each branch gives 2C channels: gamma, then beta.

This file computes them for every pixel, as the paper does. `ace_tables.py` computes the same values once per distinct
neighborhood of the label map and gathers them; it is used where the neighborhoods are known and few
(`Level.neighborhoods`), which is the case on CPUs. A test checks that both forms agree.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks import ace_tables
from hairgan.networks.batch_norm import ParameterFreeBatchNorm
from hairgan.networks.label_layout import OFFSETS, Level

LABEL_WIDTH = 128
"""Hidden channels of the published label branch."""


class StyleBranch(nn.Module):
    """From style codes to what each region contributes to gamma and beta at each offset of a 3x3 kernel.

    The style map is constant within a region. So its 3x3 convolution at a pixel is a sum of nine rows of a table with
    one row per region and offset, and the map itself (512 channels) is never materialized.

    The layers FC_j of all regions are one parameter, (regions, 512, 512). The convolutions for gamma and beta are one
    parameter, laid out (3, 3, 2C, 512).
    """

    def __init__(self, channels: int, num_regions: int, style_dim: int) -> None:
        super().__init__()
        self.region_weight = nn.Parameter(torch.empty(num_regions, style_dim, style_dim))
        self.region_bias = nn.Parameter(torch.zeros(num_regions, style_dim))
        self.weight = nn.Parameter(torch.empty(3, 3, 2 * channels, style_dim))
        self.bias = nn.Parameter(torch.zeros(2 * channels))
        self.blending = nn.Parameter(torch.zeros(2))  # a_gamma and a_beta, before the sigmoid

    def forward(self, styles: Float[Tensor, "b r d"]) -> Float[Tensor, "b r 9 c2"]:
        """The table: contributions by region and offset, without the convolution's bias."""
        # (R, D, D) @ (R, D, B) + (R, D, 1) -> (R, D, B): all FC_j at once
        hidden = torch.baddbmm(self.region_bias[:, :, None], self.region_weight, styles.permute(1, 2, 0))
        hidden = F.relu(hidden).permute(2, 0, 1).flatten(0, 1)  # (R, D, B) -> (B, R, D) -> (B * R, D)
        if hidden.device.type == "cpu":  # as a 1x1 convolution: matrix products with few rows are slow there
            kernels = self.weight.unflatten(2, (2, -1, 1)).flatten(0, 2).permute(0, 3, 1, 2)  # (9 * 2, D, C, 1)
            products = F.conv2d(kernels, hidden[:, :, None, None]).transpose(0, 1)  # (B * R, 9 * 2, C, 1)
        else:
            products = F.linear(hidden, self.weight.flatten(0, 2))  # (B * R, 9 * 2C)
        return products.reshape(*styles.shape[:2], OFFSETS, -1)  # (B, R, 9, 2C)

    def share(self) -> Float[Tensor, " c2"]:
        """The style's share of each of the 2C gammas and betas, in (0, 1): a_gamma and a_beta of equations 2 and 3."""
        return self.blending.sigmoid().repeat_interleave(len(self.bias) // 2)


class ACE(nn.Module):
    """Region-adaptive normalization of a feature map.

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

    def initialize(self, gain: float) -> None:
        """Xavier-normal weights, with the fan-in and fan-out of the separate layers that each parameter combines."""

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
        """Normalize and modulate (equation 1).

        Args:
            noise: one standard normal value per pixel, shared by the channels; None for no noise.
            label_part: the value of `label_part(level)`, if it was kept; None computes it.
            negative_slope: of the leaky ReLU applied to the result; 1 for none.
        """
        if noise is not None:
            x = x + (noise[:, None] * self.noise_scale[:, None, None]).to(x.dtype)
        modulation = self.label_part(level) if label_part is None else label_part
        if self.style is not None:
            modulation = modulation + self.style_part(level, styles)
        if level.neighborhoods is not None:
            return ace_tables.normalize(self.norm, x, modulation, level.neighborhoods, negative_slope)
        gamma, beta = modulation.to(x.dtype).chunk(2, dim=1)  # (B, 2C, h, w) -> two of (B, C, h, w)
        out = torch.addcmul(beta, self.norm(x), 1 + gamma)
        return out if negative_slope == 1 else F.leaky_relu_(out, negative_slope)

    def label_part(self, level: Level) -> Float[Tensor, "b c2 h w"] | Float[Tensor, "n c2"]:
        """(1 - a) * label branch, for every pixel, or for every neighborhood where these are known."""
        if level.neighborhoods is not None:
            part = ace_tables.label_branch(self, level.neighborhoods)  # (N, 2C)
            return part if self.style is None else part * (1 - self.style.share())
        kernels = self.embed_weight.permute(3, 2, 0, 1)  # (label_width, R, 3, 3)
        hidden = F.conv2d(level.masks, kernels, self.embed_bias, padding=1).relu_()  # (B, label_width, h, w)
        kernels = self.label_weight.permute(0, 3, 1, 2)  # (2C, label_width, 3, 3)
        part = F.conv2d(hidden, kernels, self.label_bias, padding=1)  # (B, 2C, h, w)
        return part if self.style is None else part * (1 - self.style.share()).to(part.dtype)[:, None, None]

    def style_part(
        self, level: Level, styles: Float[Tensor, "b r d"]
    ) -> Float[Tensor, "b c2 h w"] | Float[Tensor, "n c2"]:
        """a * style branch, in the shape of the label part."""
        assert self.style is not None
        share = self.style.share()
        table, bias = self.style(styles) * share, self.style.bias * share  # (B, R, 9, 2C) and (2C,)
        if level.neighborhoods is not None:
            return ace_tables.style_branch(table, bias, level.neighborhoods)  # (N, 2C)
        # (B, h * w, R * 9) @ (B, R * 9, 2C): the table's rows for the regions around each pixel, added up
        part = torch.baddbmm(bias, level.mask_patches, table.flatten(1, 2))
        return part.mT.unflatten(2, level.labels.shape[1:])  # (B, h * w, 2C) -> (B, 2C, h, w)
