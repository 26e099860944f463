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

from hairgan.editing.blending import continued
from hairgan.editing.color import hair_color, lab_to_rgb, matte, rgb_to_lab
from hairgan.regions import Region

SMOOTH = 1 / 16
"""Standard deviation of the blur over the painted colours, as a share of the crop's side."""
STRAND = 1 / 48
"""The same of what counts as finer than strands' colours."""
RIM = 1 / 128
"""The same of the edge of a tone correction."""
OUTLINE = 1 / 64
"""Width of painted outlines, as a share of the crop's side."""
MIN_REACH = 1e-3
"""Share of inner hair in the blur around a pixel of the rim that is enough to take its colour from."""
MIN_VISIBLE = 0.001
"""Share of the crop that must show a region for its covered part to be matched."""
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


def borrow_strands(
    painted: Float32[ndarray, "s s 3"],
    hair: Bool[ndarray, "s s"],
    picture: UInt8[ndarray, "s s 3"],
    donor: Bool[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"]:
    """A painting, 0 to 255, whose hair has the strands of another picture's: the fine differences of its lightness.

    Faces are aligned, so that strands are taken from the same place; where the donor has no hair, they are mirrored
    from where it has.

    Args:
        hair: of the painting.
        picture, donor: the other picture, and where its hair is.
    """
    sigma = STRAND * len(painted)
    inner = cv2.erode(donor.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if not (inner.any() and hair.any()):
        return painted
    theirs = rgb_to_lab(picture.astype(np.float32))
    strands = (theirs - _smoothed(theirs, donor, sigma))[..., 0]
    lab = rgb_to_lab(painted)
    share = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), RIM * len(painted) / 2)
    lab[..., 0] += share * (_mirrored(strands, inner) - (lab - _smoothed(lab, hair, sigma))[..., 0])
    return np.where(share[..., None] > 0, lab_to_rgb(_clipped(lab)), painted)


def match_surroundings(
    painted: Float32[ndarray, "s s 3"],
    picture: UInt8[ndarray, "s s 3"],
    labels: UInt8[ndarray, "s s"],
    layout: UInt8[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"]:
    """A painting, 0 to 255, that goes with the picture where it shows what the old hair covered.

    In each region that comes out from under the hair, what painting and picture differ by where both show the region is
    continued into what was covered, and added: the wall behind the head has one colour again.

    Args:
        labels, layout: label maps of the picture and of the painting.
    """
    size, out = len(painted), painted.copy()
    uncovered = (labels == Region.HAIR) & (layout != Region.HAIR)
    by_hair = cv2.dilate((labels == Region.HAIR).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    for region in np.unique(layout[uncovered]).tolist():
        there = layout == region
        visible = there & (labels == region) & ~by_hair
        if visible.sum() < MIN_VISIBLE * size**2:
            continue
        difference = _smoothed(picture - painted, visible, RIM * size)
        out[there] += continued(difference, visible, relaxations=4)[there]
    return out.clip(0, 255)


def without_outline(painted: Float32[ndarray, "s s 3"], hair: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s 3"]:
    """A painting, 0 to 255, whose hair's rim has the colours of the hair beside it: a small SEAN paints outlines."""
    width = 2 * max(1, round(OUTLINE * len(painted))) + 1
    inner = cv2.erode(hair.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    reached = cv2.GaussianBlur(inner.astype(np.float32), (0, 0), OUTLINE * len(painted)) > MIN_REACH
    rim = hair & ~inner & reached
    return np.where(rim[..., None], _smoothed(painted, inner, OUTLINE * len(painted)), painted)


def _smoothed(
    values: Float32[ndarray, "s s 3"], inside: Bool[ndarray, "s s"], sigma: float
) -> Float32[ndarray, "s s 3"]:
    """A blur of what is inside, continued outside (normalised convolution)."""
    weight = inside.astype(np.float32)
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-4)[..., None]


def _mirrored(values: Float32[ndarray, "s s"], inside: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """Values inside, mirrored at the rim to the outside."""
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
