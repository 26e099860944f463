"""Soft masks of hair: a feather around it, and a matte that follows its strands."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray

MATTE = 1 / 32
"""Radius of the matte's windows, as a share of the picture's side."""
HALF = 0.52
"""What a share of one half becomes: a little more, because hair that is left undyed is seen more than a dyed rim."""


def soft_mask(hair: Bool[ndarray, "h w"], feather: float) -> Float32[ndarray, "h w"]:
    """1 in the hair, falling smoothly to exactly 0 at `feather` pixels from it."""
    if not hair.any():
        return np.zeros(hair.shape, np.float32)
    distance = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    t = np.clip(1 - distance / feather, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def matte(
    hair: Float32[ndarray, "h w"],
    picture: UInt8[ndarray, "h w 3"],
    radius: int | None = None,
    eps: float = 1e-5,
    contrast: float = 1.5,
) -> Float32[ndarray, "h w"]:
    """How much of each pixel is hair: hair probabilities, filtered with the picture as guide (He et al. 2010).

    Equations 14 to 16, with a guide of three colors. Unlike the parser's outline it includes loose strands, and
    excludes what is seen between strands.

    Args:
        radius: of the filter's windows, in pixels; None: `MATTE` of the picture's side.
        eps: variance of the guide's colors, in (0, 1)^2, above which they count as an edge.
        contrast: factor on the distance from one half, because the filter also smooths where there is no edge.
    """

    side = 2 * (max(1, round(MATTE * len(picture))) if radius is None else radius) + 1

    def mean(values: ndarray) -> ndarray:
        return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)

    guide = picture.astype(np.float64) / 255
    probability = hair.astype(np.float64)
    mean_guide, mean_hair = mean(guide), mean(probability)
    products = mean(np.concatenate([guide * guide, guide * np.roll(guide, -1, axis=2)], axis=2))  # rr gg bb rg gb br
    variance = products[..., :3] - mean_guide**2 + eps
    covariance = products[..., 3:] - mean_guide * np.roll(mean_guide, -1, axis=2)
    with_hair = mean(guide * probability[..., None]) - mean_guide * mean_hair[..., None]
    slope = _solved(variance, covariance, with_hair)
    offset = mean_hair - (slope * mean_guide).sum(axis=2)
    share = (mean(slope) * guide).sum(axis=2) + mean(offset)
    return np.clip(contrast * (share - 0.5) + HALF, 0, 1).astype(np.float32)


def _solved(
    diagonal: Float[ndarray, "h w 3"], beside: Float[ndarray, "h w 3"], right: Float[ndarray, "h w 3"]
) -> Float[ndarray, "h w 3"]:
    """Solutions of symmetric 3x3 systems by Cramer's rule: diagonal (rr, gg, bb), beside it (rg, gb, br)."""
    rr, gg, bb = np.moveaxis(diagonal, 2, 0)
    rg, gb, br = np.moveaxis(beside, 2, 0)
    r, g, b = np.moveaxis(right, 2, 0)
    cofactors = gg * bb - gb * gb, br * gb - rg * bb, rg * gb - gg * br
    determinant = rr * cofactors[0] + rg * cofactors[1] + br * cofactors[2]
    solved = (
        cofactors[0] * r + cofactors[1] * g + cofactors[2] * b,
        cofactors[1] * r + (rr * bb - br * br) * g + (rg * br - rr * gb) * b,
        cofactors[2] * r + (rg * br - rr * gb) * g + (rr * gg - rg * rg) * b,
    )
    return np.stack(solved, axis=2) / determinant[..., None]


def smooth_step(values: Float32[ndarray, "s s"], low: float, high: float) -> Float32[ndarray, "s s"]:
    """0 up to `low`, 1 from `high` on, and a smooth curve between them."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def grown(inside: Bool[ndarray, "s s"], distance: float) -> Bool[ndarray, "s s"]:
    """What is inside or within a distance of it, in pixels (at least 1: the eight neighbors)."""
    radius = max(1, round(distance))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (np.hypot(y, x) <= radius + 0.5).astype(np.uint8)
    return cv2.dilate(inside.astype(np.uint8), disk) > 0


def nearest_labels(labels: UInt8[ndarray, "h w"], valid: Bool[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
    """The nearest valid label of each pixel; background if no pixel is valid."""
    if not valid.any():
        return np.zeros_like(labels)
    _, index = cv2.distanceTransformWithLabels(
        (~valid).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(index.max() + 1, np.uint8)
    table[index[valid]] = labels[valid]
    return table[index]
