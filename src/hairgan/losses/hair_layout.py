"""The losses of the hair layout network: weighted cross entropy, and the overlap of the hair."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from hairgan.regions import Region

UNCHANGED_WEIGHT = 0.3
"""Weight of pixels that keep their region; pixels with old or new hair, or a new region, have this plus 1."""


def hair_layout_losses(
    logits: Float[Tensor, "b 19 s s"], source: Int64[Tensor, "b s s"], target: Int64[Tensor, "b s s"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Weighted cross entropy of all regions, and 1 minus the soft IoU of the hair (mean over heads, in [0, 1]).

    Args:
        logits: of the regions of the new head.
        source: label map of the head as it was.
        target: its true label map with the new hair.
    """
    changed = (source != target) | (source == Region.HAIR) | (target == Region.HAIR)
    entropy = F.cross_entropy(logits, target, reduction="none")
    cross_entropy = (entropy * (UNCHANGED_WEIGHT + changed.float())).mean()
    predicted, true = logits.float().softmax(dim=1)[:, Region.HAIR], (target == Region.HAIR).float()
    overlap, total = (predicted * true).sum((1, 2)), (predicted + true).sum((1, 2))
    jaccard = 1 - ((overlap + 1) / (total - overlap + 1)).mean()
    return cross_entropy, jaccard
