"""Specks of hair that a parser sees where there is none: on a wall, a shoulder or a beard."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.regions import Region

SPECK = 0.01
"""Hair that is not connected to the rest counts as a speck below this share of all hair."""
BESIDE = 1 / 32
"""How far a speck must be from the rest of the hair, as a share of the side: closer ones are locks of it."""


def without_specks(
    labels: UInt8[ndarray, "s s"], hair: Float32[ndarray, "s s"]
) -> tuple[UInt8[ndarray, "s s"], Float32[ndarray, "s s"]]:
    """A label map, and probabilities of hair, without specks of hair. They become what surrounds them."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((labels == Region.HAIR).astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = [piece for piece in range(1, count) if areas[piece] < SPECK * areas[1:].sum()]
    if not small:
        return labels, hair
    rest = (labels == Region.HAIR) & ~np.isin(pieces, small)
    distance = cv2.distanceTransform((~rest).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    labels, hair = labels.copy(), hair.copy()
    for piece in small:
        speck = pieces == piece
        if distance[speck].min() > BESIDE * len(labels):
            around = (cv2.dilate(speck.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & (labels != Region.HAIR)
            labels[speck] = np.bincount(labels[around]).argmax() if around.any() else Region.BACKGROUND
            hair[speck] = 0
    return labels, hair
