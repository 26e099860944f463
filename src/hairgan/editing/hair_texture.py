"""Hair as a texture: the colors and strands of a photo's hair, brought to where new hair is.

A donor's hair is continued over the whole crop and then warped in polar coordinates around the face: along each ray,
the inner and the outer edge of its hair come to lie on those of the new hair, so that strands keep their direction.
Where that would stretch hair too much, and on rays where the donor has none, its hair is repeated, mirrored.
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
from hairgan.editing.masks import grown, smooth_step
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.regions import Region

STRAND_BLUR = 1 / 24
"""Standard deviation, as a share of the crop's side, of the blur whose difference from the hair counts as strands."""
MIN_INNER = 60
"""Pixels away from the hair's edge that are enough to take its texture from."""
KEPT_FROM = 1 / 32
"""Depth inside a photo's hair, as a share of the crop's side, from which on only its own strands are seen."""
FINE = 1 / 96
"""Standard deviation, as a share of the crop's side, of the blur of other strands that is taken off them."""
BESIDE_HAT = 1 / 40
"""Distance from a hat in which hair has its color or its shadow, as a share of the crop's side."""
BEHIND_HAIR = ((Region.BACKGROUND,), (Region.SKIN, Region.L_EAR, Region.R_EAR, Region.NECK))
"""What is seen between locks."""
BEHIND = 1 / 64
"""Standard deviation of the blur of its colors, as a share of the crop's side."""
THROUGH = 1 / 12
"""How far inside hair it is looked for, as a share of the crop's side."""
LIKE_BEHIND, MIN_CONTRAST = 0.7, 8.0
"""A pixel shows it if its color is so much nearer to that than to hair, and so far from hair's, in Lab."""
RAYS = 360
SMOOTH_RAYS = 4.0
"""Standard deviation, in rays, of the blur along the edges of hair."""
FACE = (Region.NOSE, Region.L_EYE, Region.R_EYE, Region.MOUTH, Region.U_LIP, Region.L_LIP)
MAX_STRETCH = 2.5
"""How much wider the donor's hair may become along a ray before it is repeated."""
MIN_THICKNESS = 0.25
"""Rays with less hair than this share of the median ray's count as rays without hair: that is a lock, or a mistake."""
ABOVE_FACE = 0.06
"""How far above the middle of the features the rays start, as a share of the crop's side."""


@dataclass(frozen=True, eq=False)
class HairTexture:
    """The hair of a photo, continued over a whole crop, in Lab."""

    color: Float32[ndarray, "s s 3"]
    """Without strands."""
    strands: Float32[ndarray, "s s 3"]
    """What strands differ from that by."""
    seen: Float32[ndarray, "s s"] | None = None
    """1 well inside the hair that the photo shows, 0 where it is continued; None if it was warped."""

    def with_strands_of(self, others: Float32[ndarray, "s s 3"]) -> HairTexture:
        """The texture where it is seen, and other strands, with at most its contrast, in its colors elsewhere.

        Of the others only fine differences are taken: the locks of another hairstyle would be spots on this one.
        """
        assert self.seen is not None
        others = others - cv2.GaussianBlur(others, (0, 0), FINE * len(others))
        seen, inside = self.seen[..., None], self.seen > 0.5
        if inside.any():
            contrast = self.strands[inside, 0].std() / max(float(others[..., 0].std()), 1e-3)
            others = others * np.float32(min(contrast, 1))
        # the mean of two patterns that have nothing to do with each other has less contrast than either
        strands = (seen * self.strands + (1 - seen) * others) / np.sqrt(seen**2 + (1 - seen) ** 2)
        return HairTexture(self.color, strands, self.seen)


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
    for others in (beside_hat(photo.labels_at(size)), _seen_through(lab, inner, photo.labels_at(size))):
        if (inner & ~others).sum() >= MIN_INNER:
            inner = inner & ~others
    color = smoothed(lab, inner, STRAND_BLUR * size)
    depth = cv2.distanceTransform(inner.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    seen = smooth_step(depth / size, 0, KEPT_FROM)
    return HairTexture(continued(color, inner), mirrored(lab - color, inner), seen)


def beside_hat(labels: UInt8[ndarray, "s s"]) -> Bool[ndarray, "s s"]:
    """Where a hat lends hair its color or its shadow, or hides its outline; the hat included."""
    return grown(labels == Region.HAT, BESIDE_HAT * len(labels))


def _seen_through(
    lab: Float32[ndarray, "s s 3"], hair: Bool[ndarray, "s s"], labels: UInt8[ndarray, "s s"]
) -> Bool[ndarray, "s s"]:
    """Where a parser takes a wall or skin between locks for hair: pixels of their color near them."""
    size = len(lab)
    from_hair = np.linalg.norm(lab - smoothed(lab, hair, STRAND_BLUR * size), axis=2)
    through = np.zeros_like(hair)
    for regions in BEHIND_HAIR:
        behind = np.isin(labels, regions)
        if behind.any():
            color = continued(smoothed(lab, behind, BEHIND * size), behind)
            alike = (np.linalg.norm(lab - color, axis=2) < LIKE_BEHIND * from_hair) & (from_hair > MIN_CONTRAST)
            through |= grown(behind, THROUGH * size) & grown(alike, 1)
    return through


@dataclass(frozen=True, eq=False)
class HairWarp:
    """Brings a donor's crop to a wearer's, so that the donor's hair comes to lie on new hair."""

    x: Float32[ndarray, "s s"]
    y: Float32[ndarray, "s s"]
    """Where in the donor's crop each pixel comes from."""
    depth: Float32[ndarray, "s s"]
    """Place along the ray: 0 at the inner edge of the new hair, 1 at the outer one."""
    own: Bool[ndarray, "s s"]
    """Whether the donor has hair on the pixel's ray; else it is that of other rays."""

    @classmethod
    def between(
        cls, donor: UInt8[ndarray, "s s"], wearer: UInt8[ndarray, "s s"], new_hair: Bool[ndarray, "s s"]
    ) -> HairWarp:
        """The warp for two label maps; if the donor has no hair, or there is no new hair, nothing moves.

        Args:
            donor, wearer: label maps of the donor and of the head that gets the new hair.
            new_hair: where that is.
        """
        theirs = donor == Region.HAIR
        y, x = np.mgrid[: len(donor), : len(donor)].astype(np.float32)
        if not (theirs.any() and new_hair.any()):
            return cls(x, y, np.zeros_like(x), np.zeros(x.shape, bool))
        center, their_center = _center(wearer), _center(donor)
        new, old = _HairOnRays.of(new_hair, center), _HairOnRays.of(theirs, their_center)
        x, y = x - center[0], y - center[1]
        radius, ray = np.hypot(x, y), (np.arctan2(x, -y) % (2 * np.pi)) * (RAYS / (2 * np.pi))
        their_ray = old.known_ray(ray)
        near, far, their_near, their_far = (
            _at(edge, where)
            for edge, where in ((new.inner, ray), (new.outer, ray), (old.inner, their_ray), (old.outer, their_ray))
        )
        width, their_width = np.maximum(far - near, 2), np.maximum(their_far - their_near, 2)
        depth = (radius - near) / width
        # how far below the outer edge, in the donor's pixels
        below = (far - radius) / np.clip(width / their_width, None, MAX_STRETCH)
        below = np.where(below > 0, their_width - np.abs(their_width - below % (2 * their_width)), below)
        their_radius = np.where(depth < 0, radius / np.maximum(near, 1) * their_near, their_far - below)
        where_x, where_y = _point(their_center, their_radius, their_ray)
        own = old.direction[np.floor(ray).astype(int) % RAYS] > 0
        return cls(where_x.astype(np.float32), where_y.astype(np.float32), depth.astype(np.float32), own)

    def __call__(self, picture: Float32[ndarray, "s s *channels"]) -> Float32[ndarray, "s s *channels"]:
        """A picture of the donor, warped."""
        return cv2.remap(picture, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _center(labels: UInt8[ndarray, "s s"]) -> Float[ndarray, " 2"]:
    """Where the rays start (x, y): a little above the middle of the face's features."""
    for regions in (FACE, (Region.SKIN,)):
        points = np.argwhere(np.isin(labels, regions))
        if len(points) >= 10:
            return points.mean(axis=0)[::-1] - np.array([0, ABOVE_FACE * len(labels)])
    return np.array([len(labels) / 2, len(labels) / 2])


def _point(center: Float[ndarray, " 2"], radius: ndarray, ray: ndarray) -> tuple[ndarray, ndarray]:
    """Where points on rays are (x, y); ray 0 goes up, and numbers grow clockwise."""
    angle = ray * (2 * np.pi / RAYS)
    return center[0] + radius * np.sin(angle), center[1] - radius * np.cos(angle)


@dataclass(frozen=True, eq=False)
class _HairOnRays:
    """The edges of hair along rays, and the rays that have hair."""

    inner: Float[ndarray, " rays"]
    outer: Float[ndarray, " rays"]
    """Radii of the nearest and the farthest hair, smoothed; rays without hair have the nearest ray's."""
    source: Float[ndarray, " rays"]
    direction: Float[ndarray, " rays"]
    """Whose hair a ray shows, and whether the rays after it are those after (1) or before (-1) that one."""

    @classmethod
    def of(cls, hair: Bool[ndarray, "s s"], center: Float[ndarray, " 2"]) -> _HairOnRays:
        radii = np.arange(round(1.45 * len(hair)))
        x, y = _point(center, radii, np.arange(RAYS)[:, None])
        found = cv2.remap(hair.astype(np.uint8), x.astype(np.float32), y.astype(np.float32), cv2.INTER_NEAREST) > 0
        thickness = found.sum(axis=1)
        known = thickness >= max(1, MIN_THICKNESS * np.median(thickness[thickness > 0]))
        rays, all_rays = np.flatnonzero(known), np.arange(RAYS)
        distance = np.abs(all_rays[:, None] - rays)
        nearest = rays[np.minimum(distance, RAYS - distance).argmin(axis=1)]
        mirrored = (2 * nearest - all_rays) % RAYS
        source = np.where(known, all_rays, np.where(known[mirrored], mirrored, nearest))
        direction = np.where(known, 1.0, np.where(known[mirrored], -1.0, 0.0))
        inner, outer = found.argmax(axis=1), len(radii) - 1 - found[:, ::-1].argmax(axis=1)
        return cls(_smooth_ring(inner[nearest]), _smooth_ring(outer[nearest]), source, direction)

    def known_ray(self, ray: Float[ndarray, "s s"]) -> Float[ndarray, "s s"]:
        """The rays with hair that stand for these rays: themselves, or mirror images at the nearest one with hair."""
        index = np.floor(ray).astype(int) % RAYS
        return (self.source[index] + self.direction[index] * (ray - np.floor(ray))) % RAYS


def _smooth_ring(values: ndarray) -> Float[ndarray, " rays"]:
    """Values around a circle, blurred."""
    kernel = cv2.getGaussianKernel(8 * round(SMOOTH_RAYS) + 1, SMOOTH_RAYS).ravel()
    margin = len(kernel) // 2
    return np.convolve(np.concatenate([values[-margin:], values, values[:margin]]), kernel, "valid")


def _at(ring: Float[ndarray, " rays"], ray: Float[ndarray, "s s"]) -> Float[ndarray, "s s"]:
    low = np.floor(ray).astype(int) % RAYS
    share = ray - np.floor(ray)
    return ring[low] * (1 - share) + ring[(low + 1) % RAYS] * share
