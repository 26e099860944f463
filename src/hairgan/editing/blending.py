"""Ways to blend an edited crop into its source, so that only the hair and a feather around it change.

All of them return the source's exact values where the soft mask is 0. Images are float32 RGB, 0 to 255.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray


def alpha_blend(
    source: Float32[ndarray, "h w 3"], edited: Float32[ndarray, "h w 3"], mask: Float32[ndarray, "h w"]
) -> Float32[ndarray, "h w 3"]:
    """Linear interpolation by the mask."""
    return source + mask[..., None] * (edited - source)


def poisson_blend(
    source: Float32[ndarray, "h w 3"], edited: Float32[ndarray, "h w 3"], mask: Float32[ndarray, "h w"]
) -> Float32[ndarray, "h w 3"]:
    """The edit's gradients inside the mask, the source's values on its rim (Perez et al. 2003).

    The harmonic function with the values of the gap on the rim is added to the edit; the picture's own border does not
    constrain it. It is solved from coarse to fine, by relaxation on each level.
    """
    inside = mask > 0
    rim = ~inside & (cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    if not rim.any():
        return edited.copy() if inside.all() else source.copy()
    gap = continued(np.where(rim[..., None], source - edited, 0), rim)
    return np.where(inside[..., None], edited + gap, source)


BLENDS: dict[
    str,
    Callable[
        [Float32[ndarray, "h w 3"], Float32[ndarray, "h w 3"], Float32[ndarray, "h w"]], Float32[ndarray, "h w 3"]
    ],
] = {"alpha": alpha_blend, "poisson": poisson_blend}


def continued(
    values: Float32[ndarray, "h w 3"], known: Bool[ndarray, "h w"], relaxations: int = 20
) -> Float32[ndarray, "h w 3"]:
    """Known values, at least one, continued harmonically to the rest of the picture.

    Args:
        relaxations: number per level of resolution; few are enough where the known values are smooth.
    """
    if known.all() or min(known.shape) <= 2:
        mean = values[known].mean(axis=0)
        return np.where(known[..., None], values, mean).astype(np.float32)
    half = (max(1, known.shape[1] // 2), max(1, known.shape[0] // 2))
    weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(values * known[..., None], half, interpolation=cv2.INTER_AREA)
    coarse /= np.maximum(weight, 1e-6)[..., None]
    solution = cv2.resize(continued(coarse, weight > 0, relaxations), known.shape[::-1], interpolation=cv2.INTER_LINEAR)
    kernel = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    for _ in range(relaxations):
        solution[known] = values[known]
        solution = cv2.filter2D(solution, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    solution[known] = values[known]
    return solution
