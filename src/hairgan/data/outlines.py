"""Label maps as annotators draw them: smooth outlines around hair, without holes between its strands."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.regions import Region

_LARGE = (
    Region.BACKGROUND,
    Region.SKIN,
    Region.L_EAR,
    Region.R_EAR,
    Region.HAIR,
    Region.HAT,
    Region.NECK,
    Region.CLOTH,
)
_REACH = 0.025  # of the side: what is narrower than this is not outlined
_HAIR = 1.25  # hair is outlined a little outside of its dense part


def smooth_outlines(labels: UInt8[ndarray, "s s"]) -> UInt8[ndarray, "s s"]:
    """Each pixel of a large region takes the label that most of its surroundings have; small regions stay."""
    size = len(labels)
    reach = max(3, 2 * round(_REACH * size / 2) + 1)
    best = np.zeros_like(labels)
    winner = labels.copy()
    large = np.zeros(labels.shape, dtype=bool)
    for region in _LARGE:
        mine = labels == region
        if mine.any():
            vote = cv2.blur(
                mine.astype(np.uint8) * np.uint8(255 if region == Region.HAIR else 255 / _HAIR), (reach, reach)
            )
            larger = vote > best
            winner[larger] = region
            np.maximum(best, vote, out=best)
            large |= mine
    return np.where(large, winner, labels)
