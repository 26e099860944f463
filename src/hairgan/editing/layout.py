"""Lay out: the label map of the new head, from the source's and from that of the rough head StarGAN v2 made."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray
from PIL import Image

from hairgan.regions import Region

ABOVE_HAIR = (
    Region.NOSE, Region.EYE_G, Region.L_EYE, Region.R_EYE, Region.MOUTH, Region.U_LIP, Region.L_LIP, Region.HAT,
)  # fmt: skip
"""Regions of the source that new hair never covers."""

UNDER_HAIR = (
    Region.BACKGROUND, Region.SKIN, Region.L_BROW, Region.R_BROW, Region.L_EAR, Region.R_EAR, Region.NECK, Region.CLOTH,
)  # fmt: skip
"""Regions of the rough head that may show where old hair goes; a second nose or necklace may not."""

SMOOTH = 1 / 48
"""Standard deviation, as a share of the side, of the blur that smooths the edges of a rough head's hair."""
SPECK = 0.05
"""Parts of a rough head's hair that are smaller than this share of its largest part are left out."""

STAND_INS: dict[Region, tuple[Region, ...]] = {
    # a region the source does not show -> the source's regions that look like it, best first
    Region.L_EAR: (Region.R_EAR, Region.SKIN),
    Region.R_EAR: (Region.L_EAR, Region.SKIN),
    Region.L_BROW: (Region.R_BROW,),
    Region.R_BROW: (Region.L_BROW,),
    Region.L_EYE: (Region.R_EYE,),
    Region.R_EYE: (Region.L_EYE,),
    Region.NOSE: (Region.SKIN,),
    Region.NECK: (Region.SKIN,),
    Region.SKIN: (Region.NECK, Region.NOSE),
    Region.U_LIP: (Region.L_LIP,),
    Region.L_LIP: (Region.U_LIP,),
    Region.MOUTH: (Region.L_LIP, Region.U_LIP),
}


def preserve_layout(source: UInt8[ndarray, "h w"], rough: UInt8[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
    """Only the hair of the rough head on the source's own regions, with smooth edges and without specks.

    What the old hair uncovers is filled from the rough head where that shows something hair can hide, and from the
    nearest region of the source elsewhere.
    """
    hair = _tidied(rough == Region.HAIR) & ~np.isin(source, ABOVE_HAIR)
    uncovered = (source == Region.HAIR) & ~hair
    out = np.where(hair, np.uint8(Region.HAIR), source)
    if uncovered.any():
        filling = np.where(np.isin(rough, UNDER_HAIR), rough, _nearest(source, source != Region.HAIR))
        out[uncovered] = filling[uncovered]
    return out


def seed_layout(source: UInt8[ndarray, "h w"], rough: UInt8[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
    """The whole rough head, as in the pipeline as published."""
    return rough.copy()


LAYOUTS = {"preserve": preserve_layout, "seed": seed_layout}


def resize_labels(labels: UInt8[ndarray, "h w"], size: int) -> UInt8[ndarray, "size size"]:
    """Nearest neighbour between pixel centres, as SEAN's training data was resized (halving keeps odd pixels)."""
    if labels.shape == (size, size):
        return labels
    return np.asarray(Image.fromarray(labels).resize((size, size), Image.Resampling.NEAREST))


def _tidied(hair: Bool[ndarray, "h w"]) -> Bool[ndarray, "h w"]:
    smooth = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), SMOOTH * len(hair)) > 0.5
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(smooth.astype(np.uint8))
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # what is not hair
    return (areas >= SPECK * max(areas.max(), 1))[parts]


def _nearest(labels: UInt8[ndarray, "h w"], valid: Bool[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
    """Every pixel's nearest valid label; background where there is none."""
    if not valid.any():
        return np.zeros_like(labels)
    _, index = cv2.distanceTransformWithLabels(
        (~valid).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(index.max() + 1, np.uint8)
    table[index[valid]] = labels[valid]
    return table[index]
