"""Agreement of label maps: IoU and F1 of every region."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torchmetrics import Metric

from hairgan.devices import to_float64
from hairgan.metrics.registry import PARSING, PARSING_OF_REGIONS
from hairgan.regions import NUM_REGIONS, REGION_NAMES, Region


class ParsingScores(Metric):
    """IoU and F1 per region, their means, hair IoU and pixel accuracy, over all pixels of a dataset.

    One confusion matrix is summed over images and processes; scores are computed from it at the end, not averaged over
    images. `compute()` returns

    - `iou/REGION` and `f1/REGION`, NaN for a region that occurs neither in the targets nor in the predictions;
    - `mean_iou`: over the regions that occur, background included;
    - `mean_f1`: over the regions that occur, without the background, as published for CelebAMask-HQ;
    - `hair_iou`: `iou/hair`;
    - `pixel_accuracy`: share of pixels with the correct label.

    Pixels whose target is not a region (such as -100) are ignored.
    """

    higher_is_better = True
    full_state_update = False
    names = (*PARSING, *PARSING_OF_REGIONS)
    """Names of the values."""
    confusion: Tensor
    """(target, prediction), int64."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        zeros = torch.zeros(NUM_REGIONS, NUM_REGIONS, dtype=torch.int64)
        self.add_state("confusion", zeros, dist_reduce_fx="sum")

    def update(self, predictions: Int64[Tensor, "b h w"], targets: Int64[Tensor, "b h w"]) -> None:
        """Count a batch of predicted and true label maps."""
        valid = (targets >= 0) & (targets < NUM_REGIONS)
        pairs = (targets * NUM_REGIONS + predictions)[valid]
        self.confusion += torch.bincount(pairs, minlength=NUM_REGIONS**2).view(NUM_REGIONS, NUM_REGIONS)

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        confusion = to_float64(self.confusion)
        correct, true, predicted = confusion.diag(), confusion.sum(1), confusion.sum(0)
        iou = correct / (true + predicted - correct)  # 0 / 0 is NaN: the region does not occur
        f1 = 2 * correct / (true + predicted)
        scores = {
            "mean_iou": iou.nanmean(),
            "mean_f1": f1[1:].nanmean(),
            "hair_iou": iou[Region.HAIR],
            "pixel_accuracy": correct.sum() / confusion.sum(),
        }
        scores |= {f"iou/{name}": iou[i] for i, name in enumerate(REGION_NAMES)}
        scores |= {f"f1/{name}": f1[i] for i, name in enumerate(REGION_NAMES)}
        return {name: value.float() for name, value in scores.items()}
