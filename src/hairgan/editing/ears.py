"""Ears that nobody has seen."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.regions import Region

GROOVE, HOLLOW = 0.15, 0.25
"""How much darker these are than the rest of an ear."""
MIN_EAR = 0.0006
"""Share of the crop below which an ear is too small to be shaded."""
SOFT = 1 / 256
"""Standard deviation of the blur of the shading, as a share of the crop's side."""


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
