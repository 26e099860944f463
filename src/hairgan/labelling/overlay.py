"""Label maps to look at, and in numbers."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.regions import NUM_REGIONS, REGION_NAMES, Region, colorize


def overlay(
    image: UInt8[ndarray, "h w 3"], labels: UInt8[ndarray, "h w"], opacity: float = 0.5
) -> UInt8[ndarray, "h w 3"]:
    """Lay the colours of the regions over a photo; the background stays as it is."""
    mixed = (1 - opacity) * image + opacity * colorize(labels)
    return np.where((labels == Region.BACKGROUND)[..., None], image, np.rint(mixed)).astype(np.uint8)


def region_shares(labels: UInt8[ndarray, "h w"]) -> dict[str, float]:
    """Share of the pixels of every region, 0 to 1; they sum to 1."""
    counts = np.bincount(labels.ravel(), minlength=NUM_REGIONS)
    return dict(zip(REGION_NAMES, (counts / labels.size).tolist(), strict=True))
