"""Ears that nobody has seen."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.editing.masks import grown
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.regions import Region

GROOVE, HOLLOW = 0.15, 0.25
"""How much darker these are than the rest of an ear."""
MIN_EAR = 0.0006
"""Share of the crop below which an ear is too small to be shaded."""
TURNED = 0.05
"""How far the nose of a turned head is from the middle of the eyes, as a share of the distance between these."""
BESIDE, SURROUNDED = 1 / 64, 0.4
"""How far from an ear new hair is beside it, as a share of the crop's side, and at what share of its surroundings."""
SOFT = 1 / 256
"""Standard deviation of the blur of the shading, as a share of the crop's side."""


def without_far_ear(
    uncovered: Float32[ndarray, "regions s s"], labels: UInt8[ndarray, "s s"], new_hair: Float32[ndarray, "s s"]
) -> Float32[ndarray, "regions s s"]:
    """What is under the hair, with a background in the place of the ear on the far side of a turned head.

    The layout network knows faces from the front, where both ears are seen.

    Args:
        uncovered: probabilities of the regions of `HIDDEN_BY_HAIR`.
        labels: label map of the photo; an ear that it shows stays.
        new_hair: how much of each pixel new hair will cover; an ear that it surrounds stays too.
    """
    columns = [np.nonzero(labels == region)[1] for region in (Region.R_EYE, Region.L_EYE, Region.NOSE)]
    if not all(map(len, columns)):
        return uncovered
    left, right, nose = (float(column.mean()) for column in columns)  # in the picture
    turn = (nose - (left + right) / 2) / max(right - left, 1.0)
    far = Region.L_EAR if turn > 0 else Region.R_EAR
    if abs(turn) < TURNED or (labels == far).any():
        return uncovered
    ear, background = (HIDDEN_BY_HAIR.index(region) for region in (far, Region.BACKGROUND))
    inside = uncovered[ear] > 0.5
    around = grown(inside, BESIDE * len(labels)) & ~inside
    if (new_hair[around] > 0.5).sum() > SURROUNDED * around.sum():
        return uncovered
    changed = uncovered.copy()
    changed[background] += changed[ear]
    changed[ear] = 0
    return changed


def ear_shading(share: Float32[ndarray, "s s"], labels: UInt8[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """Factors on the color of an ear that nobody has seen: a groove inside its rim, and a hollow beside the face."""
    rows, columns = np.nonzero(share > 0.5)
    if len(rows) < MIN_EAR * share.size:
        return np.ones_like(share)
    center, radius = (
        ((rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2),
        (np.ptp(rows), np.ptp(columns)),
    )
    y, x = np.mgrid[: len(share), : len(share)]
    v, u = ((y - center[0]) / max(radius[0] / 2, 1), (x - center[1]) / max(radius[1] / 2, 1))
    toward_face = np.sign(np.flatnonzero((labels == Region.SKIN).any(axis=0)).mean() - center[1])
    groove = GROOVE * np.exp(-(((np.hypot(u, v) - 0.55) / 0.2) ** 2)) * (u * toward_face < 0.5)
    hollow = HOLLOW * np.exp(-((u - 0.25 * toward_face) ** 2 + (v - 0.1) ** 2) / 0.12)
    return cv2.GaussianBlur((1 - groove - hollow).astype(np.float32), (0, 0), SOFT * len(share))
