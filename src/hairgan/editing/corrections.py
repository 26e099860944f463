"""Corrections of what SEAN painted: its color, its strands, its outlines, and what it painted under the old hair.

SEAN paints strands at its own, low resolution, and its hair misses the color of a style code that is rare in the
training data. The wanted color is known, and photos have finer strands; so a dye takes from the painting only how the
color varies over the head.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.color import hair_color, lab_to_rgb, rgb_to_lab
from hairgan.editing.masks import matte
from hairgan.regions import Region

# Lengths are shares of the crop's side.
COLOR_BLUR = 1 / 16
"""Standard deviation of the blur that takes strands out of painted colors."""
STRAND_BLUR = 1 / 48
"""Standard deviation of the blur whose difference from the picture counts as strands."""
EDGE_BLUR = 1 / 128
"""Standard deviation of the blur that softens the edge of a correction."""
OUTLINE = 1 / 64
"""Width of painted outlines."""
MIN_INNER_SHARE = 1e-3
"""Share of inner hair in the blur around a pixel of the outline that is enough to take its color from."""
MIN_VISIBLE = 0.001
"""Share of the crop that must show a region for its uncovered part to be matched."""


def keep_strands(
    picture: UInt8[ndarray, "s s 3"],
    painted: Float32[ndarray, "s s 3"],
    hair: Bool[ndarray, "s s"],
    probability: Float32[ndarray, "s s"],
    wanted: Float[ndarray, " 3"],
    contrast: float = 1.0,
) -> Float32[ndarray, "s s 3"]:
    """Dye the hair of a picture in painted colors: what they differ by, smoothed over the hair, is added in Lab.

    Args:
        picture: the crop; its hair keeps its strands.
        painted: the same label map, painted with another style code; 0 to 255.
        hair: where hair is.
        probability: of hair; its `matte` says how much of each pixel is dyed.
        wanted: mean of the dyed hair in Lab.
        contrast: factor on the strands' own differences in lightness.
    """
    size = len(picture)
    lab = rgb_to_lab(picture.astype(np.float32))
    change = smoothed(rgb_to_lab(painted) - lab, hair, COLOR_BLUR * size)
    change[..., 0] += (contrast - 1) * (lab - smoothed(lab, hair, COLOR_BLUR * size))[..., 0]
    change += (wanted - hair_color(lab_to_rgb(_clipped(lab + change)), hair).mean).astype(np.float32)
    share = matte(probability, picture)
    dyed = lab_to_rgb(_clipped(lab + share[..., None] * change))
    return np.where(share[..., None] > 0, dyed, picture.astype(np.float32))


def correct_tone(
    painted: Float32[ndarray, "s s 3"], hair: Bool[ndarray, "s s"], wanted: Float[ndarray, " 3"]
) -> Float32[ndarray, "s s 3"]:
    """Move all hair of a painting, 0 to 255, by one difference in Lab, so that it has the wanted mean."""
    if not hair.any():
        return painted
    share = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), EDGE_BLUR * len(painted))[..., None]
    miss = (wanted - hair_color(painted, hair).mean).astype(np.float32)
    return np.where(share > 0, lab_to_rgb(_clipped(rgb_to_lab(painted) + share * miss)), painted)


def borrow_strands(
    painted: Float32[ndarray, "s s 3"],
    hair: Bool[ndarray, "s s"],
    picture: UInt8[ndarray, "s s 3"],
    donor: Bool[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"]:
    """Give the hair of a painting, 0 to 255, the strands of another picture: its fine differences in lightness.

    Both crops are aligned, so strands are taken from the same place. Where the other picture has no hair there, its
    strands are mirrored at the edge of its hair.

    Args:
        hair: where the painting has hair.
        picture: the other picture.
        donor: where the other picture has hair.
    """
    sigma = STRAND_BLUR * len(painted)
    inner = cv2.erode(donor.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if not (inner.any() and hair.any()):
        return painted
    theirs = rgb_to_lab(picture.astype(np.float32))
    strands = (theirs - smoothed(theirs, donor, sigma))[..., 0]
    lab = rgb_to_lab(painted)
    share = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), EDGE_BLUR * len(painted) / 2)
    lab[..., 0] += share * (mirrored(strands, inner) - (lab - smoothed(lab, hair, sigma))[..., 0])
    return np.where(share[..., None] > 0, lab_to_rgb(_clipped(lab)), painted)


def match_surroundings(
    painted: Float32[ndarray, "s s 3"],
    picture: UInt8[ndarray, "s s 3"],
    labels: UInt8[ndarray, "s s"],
    layout: UInt8[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"]:
    """Match a painting, 0 to 255, to the picture in places that the old hair covered.

    A region that the new hair uncovers is usually visible elsewhere in both images. What they differ by there is
    continued harmonically into the uncovered part and added, so that a wall behind the head has one color.

    Args:
        labels: the label map of the picture.
        layout: the label map of the painting.
    """
    size, out = len(painted), painted.copy()
    uncovered = (labels == Region.HAIR) & (layout != Region.HAIR)
    by_hair = cv2.dilate((labels == Region.HAIR).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    for region in np.unique(layout[uncovered]).tolist():
        there = layout == region
        visible = there & (labels == region) & ~by_hair
        if visible.sum() < MIN_VISIBLE * size**2:
            continue
        difference = smoothed(picture - painted, visible, EDGE_BLUR * size)
        out[there] += continued(difference, visible, relaxations=4)[there]
    return out.clip(0, 255)


def remove_outline(painted: Float32[ndarray, "s s 3"], hair: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s 3"]:
    """Replace the outlines that a small SEAN paints around hair by the colors of the hair beside them; 0 to 255."""
    width = 2 * max(1, round(OUTLINE * len(painted))) + 1
    inner = cv2.erode(hair.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    reached = cv2.GaussianBlur(inner.astype(np.float32), (0, 0), OUTLINE * len(painted)) > MIN_INNER_SHARE
    rim = hair & ~inner & reached
    return np.where(rim[..., None], smoothed(painted, inner, OUTLINE * len(painted)), painted)


def smoothed(
    values: Float32[ndarray, "s s 3"], inside: Bool[ndarray, "s s"], sigma: float
) -> Float32[ndarray, "s s 3"]:
    """A blur of the values inside, continued outside (normalized convolution)."""
    weight = inside.astype(np.float32)
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-4)[..., None]


def mirrored(
    values: Float32[ndarray, "s s *channels"], inside: Bool[ndarray, "s s"]
) -> Float32[ndarray, "s s *channels"]:
    """Values inside, and outside their mirror images at the nearest pixel inside."""
    _, index = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    here = np.indices(inside.shape)
    nearest = np.zeros((2, index.max() + 1), int)
    nearest[:, index[inside]] = here[:, inside]
    rim = nearest[:, index]
    across = (2 * rim - here).clip(0, np.array(inside.shape)[:, None, None] - 1)
    usable = inside[tuple(across)]
    return values[tuple(np.where(usable, across, rim))]


def _clipped(lab: Float32[ndarray, "s s 3"]) -> Float32[ndarray, "s s 3"]:
    lab[..., 0] = lab[..., 0].clip(0, 100)
    return lab
