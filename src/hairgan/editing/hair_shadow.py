"""The shadow that hair throws on a person."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from hairgan.editing.masks import smooth_step

# Lengths are shares of the crop's side.
SHADOW = (0.20, 0.26, 0.27)
"""How much red, green and blue light hair keeps off the skin under it: shadows on skin are red."""
SHADOW_DROP, SHADOW_BLUR = 0.013, 0.014
"""How far down the shadow of hair falls, and the standard deviation of its soft edge."""
SHADOW_END = 0.08
"""The share of a shadow that is too weak to count, so that it ends near the hair."""
SHADOW_REACH = (1 / 96, 1 / 24)
"""Distances from hair up to which its shadow is full, and from which on there is none."""


def hair_shadow(hair: Float32[ndarray, "s s"]) -> Float32[ndarray, "s s 3"]:
    """Factors on the light that falls on a person, in red, green and blue, in the shadow of hair."""
    down = np.array([[1, 0, 0], [0, 1, SHADOW_DROP * len(hair)]], np.float32)
    shadow = cv2.warpAffine(hair, down, hair.shape, borderMode=cv2.BORDER_REPLICATE)
    shadow = cv2.GaussianBlur(shadow, (0, 0), SHADOW_BLUR * len(hair))
    shadow = ((shadow - SHADOW_END) / (1 - SHADOW_END)).clip(0, 1)
    return 1 - shadow[..., None] * np.array(SHADOW, np.float32)


def beyond_shadow(hair: Float32[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """0 in hair and close to it, 1 where its shadow does not reach."""
    outside = (hair < 0.5).astype(np.uint8)
    if outside.all():
        return outside.astype(np.float32)
    size = len(hair)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return smooth_step(distance, *(length * size for length in SHADOW_REACH))
