"""Label maps as people draw them: smooth outlines around hair, without holes between its strands."""

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
_REACH = 0.020  # of the side: what is narrower than this is not outlined
_HAIR = 1.15  # hair is outlined a little outside of its dense part


def outlined(labels: UInt8[ndarray, "s s"]) -> UInt8[ndarray, "s s"]:
    """Each pixel of a large region takes the label that most of its surroundings have; small regions stay."""
    size = len(labels)
    reach = max(3, 2 * round(_REACH * size / 2) + 1)
    present = [region for region in _LARGE if (labels == region).any()]
    votes = []
    for region in present:
        vote = cv2.blur((labels == region).astype(np.uint8) * np.uint8(200), (reach, reach)).astype(np.float32)
        votes.append(vote * np.float32(_HAIR) if region == Region.HAIR else vote)
    winner = np.array(present, dtype=np.uint8)[np.argmax(np.stack(votes), axis=0)]
    return np.where(np.isin(labels, present), winner, labels)
