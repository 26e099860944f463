"""The face parser's loss: cross entropy over the hardest pixels (OHEM), on the main and the auxiliary heads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

IGNORED = -100
"""Label of pixels that teach nothing."""


def ohem_cross_entropy(
    logits: Float[Tensor, "b classes h w"],
    labels: Int64[Tensor, "b h w"],
    *,
    threshold: float = 0.7,
    kept_share: float = 1 / 16,
) -> Float[Tensor, ""]:
    """Mean cross entropy of the pixels whose true class gets a probability below `threshold`.

    Online hard example mining (Shrivastava et al. 2016) as the public face parser trains: where fewer than
    `kept_share` of the pixels are that hard, so many of the hardest are taken instead. Ignored pixels count as pixels
    with no loss. Nothing here waits for the device.

    Args:
        labels: regions, or `IGNORED`.
        threshold: probability below which a pixel is hard.
        kept_share: smallest share of the pixels that is kept, at least one pixel.
    """
    losses = F.cross_entropy(logits.float(), labels, reduction="none", ignore_index=IGNORED).flatten()
    kept = max(int(losses.numel() * kept_share), 1)
    hard = losses > -math.log(threshold)
    count = hard.sum()
    mean_of_hard = torch.where(hard, losses, 0.0).sum() / count.clamp(min=1)
    return torch.where(count > kept, mean_of_hard, losses.topk(kept, sorted=False).values.mean())


def bisenet_loss(
    heads: Sequence[Float[Tensor, "b classes h w"]],
    labels: Int64[Tensor, "b h w"],
    *,
    threshold: float = 0.7,
    kept_share: float = 1 / 16,
) -> Float[Tensor, ""]:
    """Sum of the heads' OHEM cross entropies, main and auxiliary with weight 1 (Yu et al. 2018, equation 2)."""
    losses = [ohem_cross_entropy(logits, labels, threshold=threshold, kept_share=kept_share) for logits in heads]
    return torch.stack(losses).sum()
