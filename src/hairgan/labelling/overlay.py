"""Overlays of label maps on photos, and the shares of regions."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.regions import NUM_REGIONS, PALETTE, REGION_NAMES, Region


def overlay(
    image: UInt8[ndarray, "h w 3"], labels: UInt8[ndarray, "h w"], opacity: float = 0.5
) -> UInt8[ndarray, "h w 3"]:
    """Lay the colors of the regions over a photo; the background is unchanged."""
    out = image.copy()
    for row, regions in zip(out, labels, strict=True):  # row by row, to save memory
        found = regions != Region.BACKGROUND
        mixed = (1 - opacity) * row[found] + opacity * PALETTE[regions[found]]
        row[found] = np.rint(mixed).astype(np.uint8)
    return out


def region_shares(labels: UInt8[ndarray, "h w"]) -> dict[str, float]:
    """The share of each region's pixels, 0 to 1; the shares sum to 1."""
    counts = np.zeros(NUM_REGIONS, np.int64)
    for row in labels:  # row by row: `bincount` takes 8 bytes per pixel
        counts += np.bincount(row, minlength=NUM_REGIONS)
    return dict(zip(REGION_NAMES, (counts / labels.size).tolist(), strict=True))
