"""Losses of the face parser and the hair classifier written plainly: by sorting, and by selecting known labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def plain_ohem(logits: Tensor, labels: Tensor, threshold: float = 0.7, kept_share: float = 1 / 16) -> Tensor:
    """Cross entropy of the pixels that are hard, or of the hardest share if fewer are (Shrivastava et al. 2016)."""
    losses = F.cross_entropy(logits, labels, reduction="none").flatten().sort(descending=True).values
    kept = int(losses.numel() * kept_share)
    hard = losses[losses > -math.log(threshold)]
    return hard.mean() if len(hard) > kept else losses[:kept].mean()


def plain_bisenet_loss(heads: Sequence[Tensor], labels: Tensor) -> Tensor:
    """The sum over the main and the auxiliary heads (Yu et al. 2018, equation 2)."""
    return torch.stack([plain_ohem(head, labels) for head in heads]).sum()


def plain_classifier_loss(logits: Mapping[str, Tensor], targets: Tensor) -> dict[str, Tensor]:
    """The cross entropy of each head over the images whose label is known, which is -1 where it is not."""
    terms = {}
    for column, (head, scores) in enumerate(logits.items()):
        known = targets[:, column] >= 0
        terms[head] = F.cross_entropy(scores[known], targets[known, column])
    return terms
