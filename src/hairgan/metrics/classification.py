"""Scores of the hair classifier (accuracy, F1 and confusion per head), and the calibration of its probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor
from torchmetrics import Metric

from hairgan.devices import to_float64
from hairgan.hair_attributes import HEADS, UNKNOWN
from hairgan.metrics.registry import ATTRIBUTES, of_heads


class AttributeScores(Metric):
    """Accuracy and macro F1 of every head, over the images whose label is known.

    `compute()` returns `accuracy/HEAD` and `f1/HEAD` (mean over the classes that occur in the targets or the
    predictions), and their means over the heads, `mean_accuracy` and `mean_f1`. A head without any known label has the
    value NaN and is left out of the means. `confusion(head)` is the matrix (target, prediction).

    Args:
        heads: head -> class names.
    """

    higher_is_better = True
    full_state_update = False

    def __init__(self, heads: Mapping[str, Sequence[str]] = HEADS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = tuple(heads)
        self.names = (*of_heads(heads), *ATTRIBUTES)
        for head, classes in heads.items():
            zeros = torch.zeros(len(classes), len(classes), dtype=torch.int64)
            self.add_state(f"confusion_{head}", zeros, dist_reduce_fx="sum")

    def update(self, logits: Mapping[str, Float[Tensor, "b _"]], targets: Int64[Tensor, "b heads"]) -> None:
        """Count a batch of logits (or probabilities) and targets, `UNKNOWN` where unknown."""
        for head, target in zip(self.heads, targets.unbind(1), strict=True):
            confusion, known = self.confusion(head), target != UNKNOWN
            pairs = (target * len(confusion) + logits[head].argmax(1))[known]
            confusion += torch.bincount(pairs, minlength=confusion.numel()).view_as(confusion)

    def confusion(self, head: str) -> Int64[Tensor, "classes classes"]:
        """Number of images by (target, prediction)."""
        return getattr(self, f"confusion_{head}")

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        scores: dict[str, Tensor] = {}
        for head in self.heads:
            confusion = to_float64(self.confusion(head))
            correct = confusion.diag()
            scores[f"accuracy/{head}"] = correct.sum() / confusion.sum()
            scores[f"f1/{head}"] = (2 * correct / (confusion.sum(0) + confusion.sum(1))).nanmean()
        for score in ("accuracy", "f1"):
            scores[f"mean_{score}"] = torch.stack([scores[f"{score}/{head}"] for head in self.heads]).nanmean()
        return {name: value.float() for name, value in scores.items()}


def fit_temperature(logits: Float[Tensor, "n classes"], targets: Int64[Tensor, " n"]) -> float:
    """The temperature that maximizes the likelihood of `softmax(logits / temperature)` (Guo et al. 2017, section 4.2).

    Fit it on validation data. The log-likelihood is concave in 1 / temperature; the result lies in [0.1, 10], is exact
    to 0.1 %, and is 1 if no target is known.

    Args:
        targets: classes, `UNKNOWN` where unknown.
    """
    known = targets != UNKNOWN
    if not known.any():
        return 1.0
    logits = to_float64(logits[known])
    targets = targets[known].to(logits.device)
    low, high = 0.1, 10.0
    while high / low > 1.001:
        grid = torch.logspace(torch.tensor(low).log10(), torch.tensor(high).log10(), 17, dtype=torch.float64)
        losses = torch.stack([F.cross_entropy(logits / temperature, targets) for temperature in grid])
        best = int(losses.argmin())
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 16)])
    return (low * high) ** 0.5


def fit_temperatures(
    logits: Mapping[str, Float[Tensor, "n _"]], targets: Int64[Tensor, "n heads"]
) -> Float[Tensor, " heads"]:
    """The temperatures of all heads, for `HairClassifier.temperatures`; see `fit_temperature`."""
    pairs = zip(logits.values(), targets.unbind(1), strict=True)
    return torch.tensor([fit_temperature(scores, target) for scores, target in pairs])
