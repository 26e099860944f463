"""The face parser's losses: cross entropy over the hardest pixels (OHEM) on all heads, and the overlap of regions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

IGNORED = -100
"""Label of pixels that are left out of the loss."""


def ohem_cross_entropy(
    logits: Float[Tensor, "b classes h w"],
    labels: Int64[Tensor, "b h w"],
    *,
    threshold: float = 0.7,
    kept_share: float = 1 / 16,
) -> Float[Tensor, ""]:
    """Mean cross entropy of the pixels whose true class gets a probability below `threshold`.

    Online hard example mining (Shrivastava et al. 2016) as in the public face parser's training: if less than
    `kept_share` of the pixels are that hard, the hardest `kept_share` of all pixels are taken instead. Ignored pixels
    count as pixels with a loss of 0. No operation here waits for the device.

    Args:
        labels: regions, or `IGNORED`.
        threshold: probability below which a pixel is hard, in (0, 1).
        kept_share: smallest share of the pixels that is kept (at least one pixel).
    """
    losses = F.cross_entropy(logits.float(), labels, reduction="none", ignore_index=IGNORED).flatten()
    kept = max(int(losses.numel() * kept_share), 1)
    hard = losses > -math.log(threshold)
    count = hard.sum()
    mean_of_hard = torch.where(hard, losses, 0.0).sum() / count.clamp(min=1)
    return torch.where(count > kept, mean_of_hard, losses.topk(kept, sorted=False).values.mean())


def bisenet_loss(
    heads: Sequence[Float[Tensor, "b classes _ _"]],
    labels: Int64[Tensor, "b h w"],
    *,
    threshold: float = 0.7,
    kept_share: float = 1 / 16,
) -> Float[Tensor, ""]:
    """Sum of the heads' OHEM cross entropies, main and auxiliary with weight 1 (Yu et al. 2018, equation 2).

    Labels are resized to the size of each head's logits, with nearest-neighbor interpolation.

    Args:
        heads: logits of the main and the auxiliary heads, of any sizes.
        labels, threshold, kept_share: as in `ohem_cross_entropy`.
    """
    losses = [
        ohem_cross_entropy(logits, _resized(labels, logits), threshold=threshold, kept_share=kept_share)
        for logits in heads
    ]
    return torch.stack(losses).sum()


def soft_jaccard_loss(logits: Float[Tensor, "b classes h w"], labels: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
    """1 minus the mean IoU of the classes in the batch, with probabilities instead of decisions; in [0, 1].

    Rahman & Wang 2016, "Optimizing intersection-over-union in deep neural networks for image segmentation". A parser
    trained with cross entropy alone misses regions that are one pixel wide, because they are rarely the most probable.

    Args:
        labels: regions, or `IGNORED`.
    """
    classes = logits.shape[1]
    probabilities = logits.float().softmax(dim=1)
    valid = labels != IGNORED
    known = torch.where(valid, labels, 0)
    true = torch.where(valid, probabilities.gather(1, known[:, None])[:, 0], 0.0)
    intersection = true.new_zeros(classes).index_add(0, known.flatten(), true.flatten())
    count = true.new_zeros(classes).index_add(0, known.flatten(), valid.flatten().to(true))
    predicted = torch.einsum("bchw,bhw->c", probabilities, valid.to(true))
    iou = intersection / (predicted + count - intersection).clamp(min=1e-6)
    present = count > 0
    return 1 - torch.where(present, iou, 0.0).sum() / present.sum().clamp(min=1)


def _resized(labels: Tensor, logits: Tensor) -> Tensor:
    if labels.shape[1:] == logits.shape[2:]:
        return labels
    return F.interpolate(labels[:, None].float(), logits.shape[2:], mode="nearest-exact")[:, 0].long()
