"""Pixels that are partly hair: how much of each is hair, and which color that part has.

Along a hairline and between loose strands a pixel mixes hair with skin or with what is behind it (Porter and Duff 1984:
pixel = share * hair + (1 - share) * other). A dye that moves the mixed color leaves a grey or dark rim there. So the
shares are estimated from the colors on both sides of the edge, and a dye moves the color of the hair's part only.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from hairgan.editing.masks import matte, smooth_step
from hairgan.photos.network_images import resize_picture
from hairgan.regions import Region

# Lengths are shares of the picture's side, distances from the label map's hair; depths are positive inside it.
SURE_HAIR, SURE_OTHER = 4 / 256, 5 / 256
"""Farther than this inside or outside, a pixel is all hair, or none of it."""
INSIDE = (3 / 256, 8 / 256)
"""Depths up to which shares follow the colors, and from which on they follow the matte."""
REACH = 6 / 256
"""How far outside the label map's hair strands are looked for."""
OUTSIDE = (2 / 256, REACH)
"""Distances outside up to which shares follow the colors, and from which on nothing counts as hair."""
BLURS = (24 / 256, 10 / 256, 4 / 256)
"""Standard deviations of the blurs that continue sure colors: far from them the first counts, near them the last."""
CONTRAST = (30.0, 90.0)
"""Distances in RGB between both sides at which the colors begin to tell the share, and at which they tell it fully."""
OFF_LINE = (0.25, 0.5)
"""Distances of a color from the line between both sides, as shares of its length: how much of both it may be at all."""
MOSTLY = (0.9, 1.0)
"""Shares below which whatever is like the other side is the other side's, and from which on it is a highlight."""
FAINT = 0.3
"""Shares up to which a color rather tells of a shadow than of hair."""
SKIN = (Region.SKIN, Region.L_EAR, Region.R_EAR, Region.NECK)
"""Regions before which hair ends gradually."""
BESIDE_HAIR = (*SKIN, Region.BACKGROUND, Region.CLOTH, Region.HAIR)
"""Regions that loose strands lie on. Brows, eyes and glasses may be as dark as hair."""


@dataclass(frozen=True, eq=False)
class UnmixedHair:
    """The hair of a picture."""

    share: Float32[ndarray, "s s"]
    """How much of each pixel is hair."""
    color: Float32[ndarray, "s s 3"]
    """The color of that part, 0 to 255; the pixel's own where it is all hair."""


def unmix_hair(
    labels: UInt8[ndarray, "n n"],
    probability: Float32[ndarray, "n n"],
    small: UInt8[ndarray, "n n 3"],
    picture: UInt8[ndarray, "s s 3"],
) -> UnmixedHair:
    """Shares and colors of the hair in a picture.

    Args:
        labels: of the parser.
        probability: of hair.
        small: the picture at the parser's size.
        picture: the same at the size that is wanted.
    """
    share = matte(probability, small)
    hair = labels == Region.HAIR
    depth = (_distance(hair) - _distance(~hair)) / len(small)
    colors = small.astype(np.float32)
    sure_hair, sure_other = (depth > SURE_HAIR) & (share > 0.9), (depth < -SURE_OTHER) & (share < 0.1)
    if not sure_hair.any() or not sure_other.any():
        return UnmixedHair(resize_picture(share, len(picture)), picture.astype(np.float32))
    size = len(picture)
    color, other = (resize_picture(_continued(colors, sure), size) for sure in (sure_hair, sure_other))
    before_skin, follows = _before_skin(labels, hair), _follows_colors(labels, depth)
    share, depth, before_skin, follows = (resize_picture(x, size) for x in (share, depth, before_skin, follows))
    share *= 1 - smooth_step(-depth, *OUTSIDE)
    pure = picture.astype(np.float32)
    mixed = ((share > 0) & (share < 1)) | ((follows > 0) & (-depth < OUTSIDE[1]))
    share[mixed], pure[mixed] = _unmixed(
        pure[mixed], color[mixed], other[mixed], share[mixed], depth[mixed], before_skin[mixed], follows[mixed]
    )
    return UnmixedHair(share, pure)


def _unmixed(
    pixels: Float32[ndarray, "n 3"],
    color: Float32[ndarray, "n 3"],
    other: Float32[ndarray, "n 3"],
    share: Float32[ndarray, " n"],
    depth: Float32[ndarray, " n"],
    before_skin: Float32[ndarray, " n"],
    follows: Float32[ndarray, " n"],
) -> tuple[Float32[ndarray, " n"], Float32[ndarray, "n 3"]]:
    """The shares of mixed pixels and the colors of their hair, given the colors of both sides."""

    def dot(first: ndarray, second: ndarray) -> ndarray:
        return np.einsum("nc,nc->n", first, second)

    across = other - color
    length = np.sqrt(dot(across, across)) + 1e-3
    unit = across / length[:, None]
    from_hair = pixels - color
    along = dot(from_hair, unit)
    off = np.sqrt(np.maximum(dot(from_hair, from_hair) - along**2, 0))
    told = smooth_step(length, *CONTRAST) * (1 - smooth_step(off / length, *OFF_LINE)) * follows
    by_color = np.clip((1 - along / length - FAINT) / (0.95 - FAINT), 0, 1) * (1 - smooth_step(-depth, *OUTSIDE))
    out = share + told * (by_color - share)
    # before a wall, what is lighter inside the hair is a highlight; before skin the hair itself gets thinner
    out = np.where(depth > 0, out + (1 - before_skin) * (np.maximum(out, share) - out), out)
    own = out[:, None] * (from_hair - (1 - out[:, None]) * across)
    others = np.maximum(dot(own, unit), 0) * (1 - smooth_step(out, *MOSTLY))
    return out, (color + own - others[:, None] * unit).clip(0, 255)


def _distance(inside: Bool[ndarray, "n n"]) -> Float32[ndarray, "n n"]:
    """Pixels to the nearest one outside."""
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)


def _continued(colors: Float32[ndarray, "n n 3"], sure: Bool[ndarray, "n n"]) -> Float32[ndarray, "m m 3"]:
    """The sure colors, blurred, and continued to the rest of the picture; at half the size."""
    known = sure.astype(np.float32)[..., None]
    values = resize_picture(np.concatenate([colors * known, known], axis=2), max(1, len(colors) // 2))
    out: ndarray = np.broadcast_to(colors[sure].mean(axis=0), (*values.shape[:2], 3))
    for blur in BLURS:
        blurred = cv2.GaussianBlur(values, (0, 0), blur * len(values))
        weight = blurred[..., 3:]
        out = out + np.clip(weight / 0.05, 0, 1) * (blurred[..., :3] / np.maximum(weight, 1e-6) - out)
    return out


def _before_skin(labels: UInt8[ndarray, "n n"], hair: Bool[ndarray, "n n"]) -> Float32[ndarray, "n n"]:
    """1 where what is beside the hair is skin, softly."""
    skin, other = np.isin(labels, SKIN).astype(np.float32), (~hair).astype(np.float32)
    sigma = SURE_HAIR * len(labels)
    near = cv2.GaussianBlur(skin, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(other, (0, 0), sigma), 1e-3)
    return smooth_step(near, 0.5, 0.9)


def _follows_colors(labels: UInt8[ndarray, "n n"], depth: Float32[ndarray, "n n"]) -> Float32[ndarray, "n n"]:
    """How much shares follow the colors: along the edge of the hair, and not in brows."""
    usable = cv2.erode(np.isin(labels, BESIDE_HAIR).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    return usable * (1 - smooth_step(depth, *INSIDE))
