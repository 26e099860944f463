"""Tint: what SEAN painted, in the colour that was wanted and, where the hair keeps its shape, with its own strands.

SEAN repaints every strand at its own resolution, and misses the colour of a style code it has seldom seen. A photo has
its strands already, and the colour that is wanted is known; what is worth taking over is how the painted colour varies
over the head.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.color import hair_color, lab_to_rgb, matte, rgb_to_lab

SMOOTH = 1 / 16
"""Standard deviation of the blur over the painted colours, as a share of the crop's side."""
RIM = 1 / 128
"""The same of the edge of a tone correction."""
MATTE = 1 / 100
"""Radius of the matte's windows, as a share of the crop's side."""


def keep_strands(
    picture: UInt8[ndarray, "s s 3"],
    painted: Float32[ndarray, "s s 3"],
    hair: Bool[ndarray, "s s"],
    probability: Float32[ndarray, "s s"],
    wanted: Float[ndarray, " 3"],
    contrast: float = 1.0,
) -> Float32[ndarray, "s s 3"]:
    """The picture with its hair in the painted colours: their difference, smoothed over the hair, is added in Lab.

    Args:
        picture: the crop, with the hair's own strands.
        painted: the same layout, painted with another style code; 0 to 255.
        hair: where hair is.
        probability: of hair, drawn to the picture's edges to say how much of a pixel is dyed (`matte`).
        wanted: mean of the dyed hair in Lab.
        contrast: factor on the strands' own differences in lightness.
    """
    size = len(picture)
    lab = rgb_to_lab(picture.astype(np.float32))
    change = _smoothed(rgb_to_lab(painted) - lab, hair, SMOOTH * size)
    change[..., 0] += (contrast - 1) * (lab - _smoothed(lab, hair, SMOOTH * size))[..., 0]
    change += (wanted - hair_color(lab_to_rgb(_clipped(lab + change)), hair)[0]).astype(np.float32)
    share = matte(probability, picture, max(1, round(MATTE * size)))
    dyed = lab_to_rgb(_clipped(lab + share[..., None] * change))
    return np.where(share[..., None] > 0, dyed, picture.astype(np.float32))


def correct_tone(
    painted: Float32[ndarray, "s s 3"], hair: Bool[ndarray, "s s"], wanted: Float[ndarray, " 3"]
) -> Float32[ndarray, "s s 3"]:
    """A painting, 0 to 255, whose hair has the wanted mean in Lab: all of it is moved by what it missed."""
    if not hair.any():
        return painted
    share = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), RIM * len(painted))[..., None]
    miss = (wanted - hair_color(painted, hair)[0]).astype(np.float32)
    return np.where(share > 0, lab_to_rgb(_clipped(rgb_to_lab(painted) + share * miss)), painted)


def _smoothed(
    values: Float32[ndarray, "s s 3"], inside: Bool[ndarray, "s s"], sigma: float
) -> Float32[ndarray, "s s 3"]:
    """A blur of what is inside, continued outside (normalised convolution)."""
    weight = inside.astype(np.float32)
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-4)[..., None]


def _clipped(lab: Float32[ndarray, "s s 3"]) -> Float32[ndarray, "s s 3"]:
    lab[..., 0] = lab[..., 0].clip(0, 100)
    return lab
