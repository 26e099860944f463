"""The layout: the label map of the new head, from the source's label map and the rough head's."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray

from hairgan.editing.masks import nearest_labels
from hairgan.editing.rough_head import RoughHead
from hairgan.regions import Region

ABOVE_HAIR = (
    Region.NOSE, Region.EYE_G, Region.L_EYE, Region.R_EYE, Region.MOUTH, Region.U_LIP, Region.L_LIP, Region.HAT,
)  # fmt: skip
"""Regions of the source that new hair never covers."""

UNDER_HAIR = (
    Region.BACKGROUND, Region.SKIN, Region.L_BROW, Region.R_BROW, Region.L_EAR, Region.R_EAR, Region.NECK, Region.CLOTH,
)  # fmt: skip
"""Regions of the rough head that may appear where the old hair was; a second nose or necklace may not."""

SMOOTH = 1 / 48
"""Standard deviation, as a share of the side, of the blur that smooths the edges of a rough head's hair."""
SPECK = 0.05
"""Parts of a rough head's hair that are smaller than this share of its largest part are left out."""


def preserve_layout(source: UInt8[ndarray, "h w"], rough: UInt8[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
    """The source's label map with the hair of the rough head, whose edges are smoothed and whose specks are left out.

    Where the old hair was and the new is not, it has the rough head's region if hair can hide that (`UNDER_HAIR`), and
    else the nearest region of the source.
    """
    hair = _smooth_hair(rough == Region.HAIR) & ~np.isin(source, ABOVE_HAIR)
    uncovered = (source == Region.HAIR) & ~hair
    out = np.where(hair, np.uint8(Region.HAIR), source)
    if uncovered.any():
        filling = np.where(np.isin(rough, UNDER_HAIR), rough, nearest_labels(source, source != Region.HAIR))
        out[uncovered] = filling[uncovered]
    return out


def seed_layout(source: UInt8[ndarray, "h w"], rough: UInt8[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
    """The whole label map of the rough head, as in the published pipeline."""
    return rough.copy()


LAYOUTS = {"preserve": preserve_layout, "seed": seed_layout}


def lay_out(head: RoughHead, mode: str) -> UInt8[ndarray, "size size"]:
    """The new label map of a photo, at the parser's resolution.

    Args:
        mode: a name of `LAYOUTS`.
    """
    return LAYOUTS[mode](head.photo.labels, head.labels)


def _smooth_hair(hair: Bool[ndarray, "h w"]) -> Bool[ndarray, "h w"]:
    """Hair with smooth edges, without parts that are small beside the largest (`SPECK`)."""
    smooth = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), SMOOTH * len(hair)) > 0.5
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(smooth.astype(np.uint8))
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # the part that is not hair
    return (areas >= SPECK * max(areas.max(), 1))[parts]
