"""Soft masks of hair: a feather around it, and a matte that follows its strands."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray


def soft_mask(hair: Bool[ndarray, "h w"], feather: float) -> Float32[ndarray, "h w"]:
    """1 in the hair, falling smoothly to exactly 0 at `feather` pixels from it."""
    if not hair.any():
        return np.zeros(hair.shape, np.float32)
    distance = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    t = np.clip(1 - distance / feather, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def matte(
    hair: Float32[ndarray, "h w"], picture: UInt8[ndarray, "h w 3"], radius: int, eps: float = 1e-3
) -> Float32[ndarray, "h w"]:
    """How much of each pixel is hair: hair probabilities, filtered with the grey picture as guide (He et al. 2010).

    Unlike the parser's outline it includes loose strands, and excludes what is seen between strands.

    Args:
        radius: of the filter's windows, in pixels.
        eps: variance of the guide, in (0, 1)^2, above which it counts as an edge.
    """
    guide = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255

    def mean(values: ndarray) -> ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_hair = mean(guide), mean(hair)
    slope = (mean(guide * hair) - mean_guide * mean_hair) / (mean(guide * guide) - mean_guide**2 + eps)
    return np.clip(mean(slope) * guide + mean(mean_hair - slope * mean_guide), 0, 1)
