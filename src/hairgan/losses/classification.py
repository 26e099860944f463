"""The hair classifier's loss: one cross entropy per head, over the images whose label is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from hairgan.hair_attributes import UNKNOWN


def masked_cross_entropies(
    logits: Mapping[str, Float[Tensor, "b _"]],
    targets: Int64[Tensor, "b heads"],
    weights: Mapping[str, Float[Tensor, " _"]] | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """Cross entropy of every head, averaged over the images with a known target; 0 if there are none.

    Args:
        logits: head -> logits, in the order of the targets' columns.
        targets: class of each image and head, or `UNKNOWN`.
        weights: head -> weight of each class (`class_weights`); the average is weighted by them.
    """
    losses = {}
    for (head, scores), target in zip(logits.items(), targets.unbind(1), strict=True):
        known = (target != UNKNOWN).float()
        if weights is not None:
            known = known * weights[head][target.clamp(min=0)]
        each = F.cross_entropy(scores.float(), target, reduction="none", ignore_index=UNKNOWN)
        losses[head] = (each * known).sum() / known.sum().clamp(min=torch.finfo(torch.float32).tiny)
    return losses


def class_weights(
    targets: Int64[Tensor, "n heads"], heads: Mapping[str, Sequence[str]]
) -> dict[str, Float[Tensor, " _"]]:
    """Class weights with which every class of a head counts the same, regardless of its share of the data.

    A class's weight is inversely proportional to its number of known targets, and the mean over known targets is 1;
    classes that never occur have weight 1.

    Args:
        targets: class numbers in the training split, one column per head, `UNKNOWN` where unknown.
        heads: head -> class names.
    """
    weights = {}
    for (head, classes), target in zip(heads.items(), targets.unbind(1), strict=True):
        counts = torch.bincount(target[target != UNKNOWN], minlength=len(classes)).double()
        present = counts > 0
        balanced = counts.sum() / (present.sum().clamp(min=1) * counts.clamp(min=1))
        weights[head] = torch.where(present, balanced, 1.0).float()
    return weights
