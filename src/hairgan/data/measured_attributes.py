"""Hair measurements on a label map, and hair attributes derived from them and from the CelebA annotations.

Everything is relative to the face, so it does not depend on the size of the map. The eyes are the upper reference point
(hair hides brows, but rarely both eyes) and the chin is the lower one. The distance between them is two thirds of a
face height, by the classical canon in which hairline, brows, nose base and chin are equally far apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8
from numpy import ndarray

from hairgan.regions import Region

FACE_PER_EYE_TO_CHIN = 1.5
HALF_EYE_SPAN = 0.27  # from the middle to the outer end of an eye, face heights
MIN_EYE_TO_CHIN = 0.05  # of the map's height; below this there is no face to measure
MIN_HAIR = 0.002  # of the pixels; less does not count as hair
STRAND = 0.02  # of the map's width: a row with less hair than this does not count as reached by it

LONG_BELOW_CHIN = 0.08
"""Hair that reaches this far below the chin, or the lower edge of the picture, is long. (In the aligned CelebA-HQ crop
the picture ends only about 0.13 face heights below the chin.)"""
BOB_BELOW_CHIN = -0.28
"""Hair that ends between this (about the upper lip) and `LONG_BELOW_CHIN` is a bob; above, it is short."""
_EYES = (Region.L_EYE, Region.R_EYE)
_MIDDLE = (Region.NOSE, Region.U_LIP, Region.L_LIP, Region.MOUTH)
_FACE = (Region.SKIN, *_MIDDLE)
_BARE_FOREHEAD = (Region.SKIN, Region.L_BROW, Region.R_BROW, Region.EYE_G)
_COLORS = {"Black_Hair": "black", "Blond_Hair": "blond", "Brown_Hair": "brown", "Gray_Hair": "grey"}


def measure(labels: UInt8[ndarray, "h w"], known: Mapping[str, Any]) -> dict[str, float | str | None]:
    """Hair measures and attributes of one image.

    Args:
        labels: label map in the CelebAMask-HQ order.
        known: what the source states: CelebA attributes, and possibly some of the keys below, which are then kept.

    Returns:
        `hair_area`: hair / all pixels;
        `hair_below_chin`: how far the hair reaches below the chin in face heights, negative above it; None without
        hair or face;
        `forehead_covered`: share of the forehead that is hair, 0 to 1; None without a face or under a hat;
        `hair_length`: short, bob or long; None without a face, or when a hat hides all hair;
        `hair_texture`: straight or perm by `Straight_Hair` and `Wavy_Hair`; None when none or both are set;
        `hair_color`: black, brown, blond or grey; None when none or several are set.
    """
    hair = labels == Region.HAIR
    area = np.count_nonzero(hair) / hair.size
    face = _Face.find(labels)
    bottom = _lowest_row(hair) if area >= MIN_HAIR else None
    below = None if face is None or bottom is None else float((bottom - face.chin) / face.height)
    length: str | None = None
    if below is not None and bottom is not None:
        reaches_edge = bottom >= 0.98 * (len(labels) - 1)
        length = "long" if reaches_edge or below >= LONG_BELOW_CHIN else "bob" if below >= BOB_BELOW_CHIN else "short"
    elif face is not None and not (labels == Region.HAT).any():
        length = "short"  # bald
    colors = [color for attribute, color in _COLORS.items() if known.get(attribute)]
    textures = [texture for key, texture in (("Straight_Hair", "straight"), ("Wavy_Hair", "perm")) if known.get(key)]
    measured = {
        "hair_area": area,
        "hair_below_chin": below,
        "forehead_covered": None if face is None else face.forehead_covered(labels),
        "hair_length": length,
        "hair_texture": textures[0] if len(textures) == 1 else None,
        "hair_color": colors[0] if len(colors) == 1 else None,
    }
    return measured | {key: known[key] for key in measured if key in known}


@dataclass(frozen=True)
class _Face:
    eyes: float  # row
    chin: float  # row
    center: int  # column

    @property
    def height(self) -> float:
        return FACE_PER_EYE_TO_CHIN * (self.chin - self.eyes)

    @classmethod
    def find(cls, labels: UInt8[ndarray, "h w"]) -> _Face | None:
        rows = _positions(_among(labels, _EYES), axis=0)
        if not len(rows):
            rows = _positions(labels == Region.EYE_G, axis=0)  # sunglasses
        if not len(rows):
            rows = _positions(labels == Region.NOSE, axis=0)[:1]  # bangs over both eyes: the root of the nose
        middle = _positions(_among(labels, _MIDDLE), axis=1)  # not between the eyes: one may be hidden
        if not len(rows) or not len(middle):
            return None
        eyes, center = float(np.median(rows)), int(np.median(middle))
        # the chin is where the face ends below its middle
        half = max(1, len(labels) // 24)
        below = _among(labels[:, max(0, center - half) : center + half + 1], _FACE)
        ends = [int(np.flatnonzero(column)[-1]) for column in below.T if column.any()]
        chin = float(np.median(ends)) if ends else eyes
        return cls(eyes, chin, center) if chin - eyes >= MIN_EYE_TO_CHIN * len(labels) else None

    def forehead_covered(self, labels: UInt8[ndarray, "h w"]) -> float | None:
        """Share of hair in a box above the brows, as wide as the eyes, 1/6 to 1/3 face heights above them."""
        top, bottom = round(self.eyes - self.height / 3), round(self.eyes - self.height / 6)
        half = round(HALF_EYE_SPAN * self.height)
        box = labels[max(0, top) : max(0, bottom), max(0, self.center - half) : self.center + half + 1]
        hair = int((box == Region.HAIR).sum())
        seen = hair + int(_among(box, _BARE_FOREHEAD).sum())
        return hair / seen if seen > 0.2 * box.size else None


def _among(labels: UInt8[ndarray, "h w"], regions: Sequence[int]) -> Bool[ndarray, "h w"]:
    """`np.isin(labels, regions)`, but much faster for a few regions."""
    found = labels == regions[0]
    for region in regions[1:]:
        found |= labels == region
    return found


def _positions(mask: Bool[ndarray, "h w"], axis: int) -> Int[ndarray, " n"]:
    """The row (axis 0) or column (axis 1) of each pixel of a mask, sorted."""
    counts = mask.sum(axis=1 - axis, dtype=np.uint32)  # twice as fast as int64
    return np.repeat(np.arange(len(counts)), counts)


def _lowest_row(hair: Bool[ndarray, "h w"]) -> int | None:
    rows = np.flatnonzero(hair.sum(axis=1) >= max(1.0, STRAND * hair.shape[1]))
    return int(rows[-1]) if len(rows) else None
