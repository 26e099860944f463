"""Hair as a texture: the colors and strands of a photo's hair, brought to where new hair is.

A donor's hair is continued over the whole crop and then warped in polar coordinates around the face: along each ray,
the inner and the outer edge of its hair come to lie on those of the new hair, so that strands keep their direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.color import rgb_to_lab
from hairgan.editing.corrections import mirrored, smoothed
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.regions import Region

STRAND_BLUR = 1 / 24
"""Standard deviation, as a share of the crop's side, of the blur whose difference from the hair counts as strands."""
MIN_INNER = 60
"""Pixels away from the hair's edge that are enough to take its texture from."""
BESIDE_HAT = 1 / 40
"""Distance from a hat in which hair has its color or its shadow, as a share of the crop's side."""
RAYS = 360
SMOOTH_RAYS = 4.0
"""Standard deviation, in rays, of the blur along the edges of hair."""
FACE = (Region.NOSE, Region.L_EYE, Region.R_EYE, Region.MOUTH, Region.U_LIP, Region.L_LIP)
ABOVE_FACE = 0.06
"""How far above the middle of the features the rays start, as a share of the crop's side."""


@dataclass(frozen=True, eq=False)
class HairTexture:
    """The hair of a photo, continued over a whole crop, in Lab."""

    color: Float32[ndarray, "s s 3"]
    """Without strands."""
    strands: Float32[ndarray, "s s 3"]
    """What strands differ from that by."""


def hair_texture(photo: ParsedPhoto, size: int) -> HairTexture:
    """The texture of a photo's hair.

    Args:
        photo: with hair.
        size: side of the crop in pixels.
    """
    lab = rgb_to_lab(photo.crop_at(size).astype(np.float32))
    hair = photo.labels_at(size) == Region.HAIR
    steps = max(1, size // 128)
    inner = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=steps) > 0
    if inner.sum() < MIN_INNER:
        inner = hair
    hat = (photo.labels_at(size) == Region.HAT).astype(np.uint8)
    side = 2 * round(BESIDE_HAT * size) + 1
    away = inner & (cv2.dilate(hat, np.ones((side, side), np.uint8)) == 0)
    if away.sum() >= MIN_INNER:
        inner = away
    color = smoothed(lab, inner, STRAND_BLUR * size)
    return HairTexture(continued(color, inner), mirrored(lab - color, inner))


def warp_to(
    picture: Float32[ndarray, "s s 3"],
    donor: UInt8[ndarray, "s s"],
    wearer: UInt8[ndarray, "s s"],
    new_hair: Bool[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"]:
    """Warp a donor's crop so that its hair comes to lie on new hair.

    Args:
        picture: of the donor.
        donor, wearer: label maps of the donor and of the head that gets the new hair.
        new_hair: where that is.
    """
    theirs = donor == Region.HAIR
    if not (theirs.any() and new_hair.any()):
        return picture
    center, their_center = _center(wearer), _center(donor)
    inner, outer = _edges_of_hair(new_hair, center)
    their_inner, their_outer = _edges_of_hair(theirs, their_center)
    y, x = np.mgrid[: len(picture), : len(picture)].astype(np.float32)
    x, y = x - center[0], y - center[1]
    radius, ray = np.hypot(x, y), (np.arctan2(x, -y) % (2 * np.pi)) * (RAYS / (2 * np.pi))
    near, far, their_near, their_far = (_at(edge, ray) for edge in (inner, outer, their_inner, their_outer))
    depth = (radius - near) / np.maximum(far - near, 2)  # 0 at the inner edge of the hair, 1 at the outer one
    their_radius = np.where(
        depth < 0, radius / np.maximum(near, 1) * their_near, their_near + depth * (their_far - their_near)
    )
    scale = their_radius / np.maximum(radius, 1e-3)
    where_x, where_y = their_center[0] + x * scale, their_center[1] + y * scale
    return cv2.remap(
        picture, where_x.astype(np.float32), where_y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip


def _center(labels: UInt8[ndarray, "s s"]) -> Float[ndarray, " 2"]:
    """Where the rays start (x, y): a little above the middle of the face's features."""
    for regions in (FACE, (Region.SKIN,)):
        points = np.argwhere(np.isin(labels, regions))
        if len(points) >= 10:
            return points.mean(axis=0)[::-1] - np.array([0, ABOVE_FACE * len(labels)])
    return np.array([len(labels) / 2, len(labels) / 2])


def _edges_of_hair(
    hair: Bool[ndarray, "s s"], center: Float[ndarray, " 2"]
) -> tuple[Float[ndarray, " rays"], Float[ndarray, " rays"]]:
    """The nearest and the farthest hair along each ray, smoothed; rays without hair take the next ray's."""
    angles = np.arange(RAYS) * (2 * np.pi / RAYS)
    radii = np.arange(round(1.45 * len(hair)))
    x = center[0] + radii * np.sin(angles)[:, None]
    y = center[1] - radii * np.cos(angles)[:, None]
    found = cv2.remap(hair.astype(np.uint8), x.astype(np.float32), y.astype(np.float32), cv2.INTER_NEAREST) > 0
    known = np.asarray(found.any(axis=1))
    nearest, farthest = found.argmax(axis=1), len(radii) - 1 - found[:, ::-1].argmax(axis=1)
    return _smooth_ring(nearest, known), _smooth_ring(farthest, known)


def _smooth_ring(values: ndarray, known: Bool[ndarray, " rays"]) -> Float[ndarray, " rays"]:
    """Values around a circle, blurred; unknown ones are those of the nearest known ray."""
    rays = np.flatnonzero(known)
    distance = np.abs(np.arange(RAYS)[:, None] - rays)
    filled = values[rays[np.minimum(distance, RAYS - distance).argmin(axis=1)]].astype(np.float64)
    kernel = cv2.getGaussianKernel(8 * round(SMOOTH_RAYS) + 1, SMOOTH_RAYS).ravel()
    margin = len(kernel) // 2
    return np.convolve(np.concatenate([filled[-margin:], filled, filled[:margin]]), kernel, "valid")


def _at(ring: Float[ndarray, " rays"], ray: Float[ndarray, "s s"]) -> Float[ndarray, "s s"]:
    low = np.floor(ray).astype(int) % RAYS
    share = ray - np.floor(ray)
    return ring[low] * (1 - share) + ring[(low + 1) % RAYS] * share
