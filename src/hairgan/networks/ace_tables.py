"""ACE with tables: the same values as in `ace.py`, computed once per distinct neighborhood and gathered.

The label branch at a pixel depends on the 5x5 labels around it, the style branch on the 3x3 labels. A face has few
distinct neighborhoods (`label_layout.py`), so where `ace.py` convolves at every pixel, this file sums nine table rows
per neighborhood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from hairgan.networks.batch_norm import ParameterFreeBatchNorm
from hairgan.networks.label_layout import OFFSETS, Neighborhoods
from hairgan.networks.modulation import modulate

if TYPE_CHECKING:
    from hairgan.networks.ace import ACE


def label_branch(ace: ACE, neighborhoods: Neighborhoods) -> Float[Tensor, "n c2"]:
    """The label branch of each of the N neighborhoods."""
    table = F.pad(ace.embed_weight.flatten(0, 2), (0, 0, 0, 1))  # (9 * R + 1, width); the last row is for outside
    hidden = F.relu(sum_rows(table, neighborhoods.embed_rows) + ace.embed_bias)  # (P, width), per distinct 3x3 patch
    hidden = F.pad(hidden, (0, 0, 0, 1))  # (P + 1, width)
    kernels = ace.label_weight.flatten(1, 2).transpose(0, 1).flatten(0, 1)  # (9 * 2C, width)
    table = F.linear(hidden, kernels).view(len(hidden) * OFFSETS, -1)  # ((P + 1) * 9, 2C)
    return sum_rows(table, neighborhoods.label_rows) + ace.label_bias  # (N, 2C)


def style_branch(
    table: Float[Tensor, "b r 9 c2"], bias: Float[Tensor, " c2"], neighborhoods: Neighborhoods
) -> Float[Tensor, "n c2"]:
    """The style branch of each of the N neighborhoods.

    Args:
        table: contributions by image, region and offset (`StyleBranch`).
        bias: of the convolution.
    """
    rows = F.pad(table.flatten(0, 2), (0, 0, 0, 1))  # (B * R * 9 + 1, 2C); the last row is for outside
    return (sum_rows(rows, neighborhoods.style_rows) + bias)[neighborhoods.center]  # (P, 2C) -> (N, 2C)


def normalize(
    norm: ParameterFreeBatchNorm,
    x: Float[Tensor, "b c h w"],
    modulation: Float[Tensor, "n c2"],
    neighborhoods: Neighborhoods,
    negative_slope: float,
) -> Float[Tensor, "b c h w"]:
    """Normalize a feature map, then scale and shift each pixel by its neighborhood's gamma and beta (equation 1).

    Args:
        modulation: gamma, then beta, of each of the N neighborhoods.
        negative_slope: of the leaky ReLU applied to the result; 1 for none.
    """
    gamma, beta = modulation.chunk(2, dim=1)  # (N, 2C) -> two of (N, C)
    if norm.training:
        return modulate(norm(x), 1 + gamma, beta, neighborhoods.index, negative_slope)
    scale = (1 + gamma) * (norm.running_var + norm.eps).rsqrt()  # folds the normalization in
    return modulate(x, scale, beta - norm.running_mean * scale, neighborhoods.index, negative_slope)


def sum_rows(table: Float[Tensor, "rows c"], rows: Int64[Tensor, "n 9"]) -> Float[Tensor, "n c"]:
    """Sums of nine rows of a table, in float32 or better."""
    return F.embedding_bag(rows, table.to(torch.promote_types(table.dtype, torch.float32)), mode="sum")
