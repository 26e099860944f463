"""The plate: a photo's crop without its hair, whose place is filled from the regions around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.color import hair_color, lab_to_rgb
from hairgan.editing.corrections import smoothed
from hairgan.editing.grain import grain
from hairgan.editing.masks import matte, smooth_step
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.regions import Region

# Lengths are shares of the crop's side.
NEAR = 1 / 24
"""How far from the hair its loose strands are looked for."""
STRAND = (0.04, 0.2)
"""Shares of hair in a pixel beside the hair below which it stays, and above which it is filled."""
BAND = 1 / 256
"""How far beyond the hair everything is removed, for its soft edge."""
FOREHEAD = 1 / 48
"""How far beyond the hair the forehead is removed, for the strands and the shadow on it."""
CHEEK = 1 / 96
"""How far beyond the hair all other skin is removed, for the dark line along hair."""
CLEAR = 1 / 512
"""How far beyond what is removed the filling takes its colors from."""
EVEN = 1 / 256
"""Standard deviation of the blur of the colors that are continued."""
SOFT = 1 / 256
"""Standard deviation of the blur at the edge of what is filled."""
MIN_VISIBLE = 0.0006
"""Share of the crop in which a region must be visible for it to be continued."""
MIN_BROW = 0.0002
MIN_SHARE = 0.05
"""Regions that are nowhere more probable than this under the hair are left out."""
SHARPNESS = 4
"""Exponent of the probabilities of what is under the hair: their edges become narrower."""
BROW_LIGHTNESS = 0.8
"""Lightness of a brow nobody has seen, as a share of the hair's."""

EAR_GROOVE, EAR_HOLLOW = 0.15, 0.25
"""How much darker these are than the rest of an ear."""

KEPT = (
    Region.NOSE, Region.EYE_G, Region.L_EYE, Region.R_EYE, Region.L_BROW, Region.R_BROW, Region.MOUTH, Region.U_LIP,
    Region.L_LIP, Region.HAT, Region.EAR_R, Region.NECK_L,
)  # fmt: skip
"""Small regions that keep their pixels right up to the hair."""

EYES = (Region.L_EYE, Region.R_EYE, Region.EYE_G)

STAND_INS: dict[Region, tuple[Region, ...]] = {
    Region.SKIN: (Region.NECK, Region.NOSE),
    Region.L_EAR: (Region.R_EAR, Region.SKIN),
    Region.R_EAR: (Region.L_EAR, Region.SKIN),
    Region.NECK: (Region.SKIN,),
}
"""Visible regions that look like one that is not visible, best first."""


@dataclass(frozen=True, eq=False)
class Plate:
    """A crop without its hair. Pictures are 0 to 255."""

    crop: Float32[ndarray, "s s 3"]
    filling: Float32[ndarray, "s s 3"]
    """What is in the place of the hair."""
    filled: Float32[ndarray, "s s"]
    """How much of each pixel is filled."""

    @property
    def picture(self) -> Float32[ndarray, "s s 3"]:
        """The crop with the filling; equal to the crop where `filled` is 0."""
        return self.crop + self.filled[..., None] * (self.filling - self.crop)


def remove_hair(photo: ParsedPhoto, uncovered: Float32[ndarray, "regions s s"], size: int) -> Plate:
    """Fill the place of the hair: each region that was under it continues from where it is visible.

    The colors are smooth, so they are computed at the parser's resolution and enlarged; the regions' grain is added to
    them at the plate's.

    Args:
        uncovered: probabilities of the regions of `HIDDEN_BY_HAIR` under the hair, at the parser's resolution.
        size: side of the plate in pixels.
    """
    crop = photo.crop_at(size).astype(np.float32)
    if not (photo.labels == Region.HAIR).any():
        return Plate(crop, crop, np.zeros((size, size), np.float32))
    filled = _area_to_fill(photo)
    gone = filled > 0.02
    beneath = _beneath(photo.labels, uncovered, gone)
    filling = _colors(photo, beneath, gone)
    filled, filling = _enlarged(filled, size), _enlarged(filling, size)
    filled[filled < 0.02] = 0
    for region, share in zip(HIDDEN_BY_HAIR, beneath, strict=True):
        if share.max() > MIN_SHARE:
            visible = (photo.labels_at(size) == region) & (_enlarged(gone.astype(np.float32), size) < 0.02)
            filling += np.minimum(1, _enlarged(share, size))[..., None] * grain(crop, visible)
    return Plate(crop, filling.clip(0, 255), filled)


def _area_to_fill(photo: ParsedPhoto) -> Float32[ndarray, "s s"]:
    """1 in the hair, its loose strands, its soft edge and its shadow on the skin, falling softly to 0.

    Small regions of the face keep their pixels."""
    labels, size = photo.labels, len(photo.labels)
    hair = labels == Region.HAIR
    share = matte(photo.hair, photo.crop)
    strands = smooth_step(share, *STRAND) * _grown(hair, NEAR * size)
    area = _grown(hair, BAND * size) | _grown(strands > 0.5, 1)
    area |= _forehead(labels) & _grown(hair, FOREHEAD * size)
    area |= (labels == Region.SKIN) & _grown(hair, CHEEK * size)
    soft = cv2.GaussianBlur(area.astype(np.float32), (0, 0), SOFT * size)
    kept = _grown(np.isin(labels, KEPT), 1).astype(np.float32)
    soft = soft * (1 - cv2.GaussianBlur(kept, (0, 0), SOFT * size))
    soft[soft < 0.02] = 0
    return np.maximum(soft, hair.astype(np.float32))


def _forehead(labels: UInt8[ndarray, "s s"]) -> Bool[ndarray, "s s"]:
    """Skin above the eyes; none if no eye is visible."""
    rows = np.flatnonzero(np.isin(labels, EYES).any(axis=1))
    forehead = labels == Region.SKIN
    forehead[rows[0] if len(rows) else 0 :] = False
    return forehead


def _beneath(
    labels: UInt8[ndarray, "s s"], uncovered: Float32[ndarray, "regions s s"], gone: Bool[ndarray, "s s"]
) -> Float32[ndarray, "regions s s"]:
    """How much of each region is in the place of what is gone, softly."""
    size, hair = len(labels), labels == Region.HAIR
    beneath = np.where(hair, uncovered**SHARPNESS, [labels == region for region in HIDDEN_BY_HAIR])
    beneath = np.stack([cv2.GaussianBlur(share.astype(np.float32), (0, 0), SOFT * size) for share in beneath]) * gone
    beneath[[share.max() < MIN_SHARE**SHARPNESS for share in beneath]] = 0
    return beneath / np.maximum(beneath.sum(axis=0), 1e-6)


def _colors(
    photo: ParsedPhoto, beneath: Float32[ndarray, "regions s s"], gone: Bool[ndarray, "s s"]
) -> Float32[ndarray, "s s 3"]:
    """The regions' own colors in the place of what is gone."""
    labels, size, picture = photo.labels, len(photo.labels), photo.crop.astype(np.float32)
    hair = labels == Region.HAIR
    clear = ~_grown(gone, CLEAR * size)
    total, weight = np.zeros_like(picture), np.zeros((size, size), np.float32)
    for region, share in zip(HIDDEN_BY_HAIR, beneath, strict=True):
        if share.any() and (filling := _filling(region, picture, labels, clear, ~gone)) is not None:
            if region in (Region.L_EAR, Region.R_EAR) and not (labels == region).any():
                filling = filling * _ear_shade(share, labels)[..., None]
            total += share[..., None] * filling
            weight += share
    anything = clear & ~hair if (clear & ~hair).any() else ~hair
    rest = _continued(picture, anything) if anything.any() else picture
    return np.where((weight > 1e-6)[..., None], total / np.maximum(weight, 1e-6)[..., None], rest).astype(np.float32)


def _continued(picture: Float32[ndarray, "s s 3"], known: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s 3"]:
    return continued(smoothed(picture, known, EVEN * len(picture)), known)


def _enlarged(values: Float32[ndarray, "s s *channels"], size: int) -> Float32[ndarray, "size size *channels"]:
    if size == len(values):
        return values.copy()
    return cv2.resize(values, (size, size), interpolation=cv2.INTER_CUBIC)


def _filling(
    region: Region,
    picture: Float32[ndarray, "s s 3"],
    labels: UInt8[ndarray, "s s"],
    clear: Bool[ndarray, "s s"],
    left: Bool[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"] | None:
    """What a region looks like everywhere in the crop; None if nothing visible tells."""
    enough = MIN_VISIBLE * labels.size
    if region in (Region.L_BROW, Region.R_BROW):
        return _brow_filling(region, picture, labels, left)
    for seen in (region, *STAND_INS.get(region, ())):
        visible = (labels == seen) & clear
        if visible.sum() >= enough:
            return _continued(picture, visible)
    visible = (labels == region) & left
    return _continued(picture, visible) if visible.sum() >= enough / 4 else None


def _brow_filling(
    region: Region, picture: Float32[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"], left: Bool[ndarray, "s s"]
) -> Float32[ndarray, "s s 3"]:
    """The color of the visible part of the brow, of the other brow, or a darker one than the hair's."""
    other = Region.R_BROW if region == Region.L_BROW else Region.L_BROW
    for brow in (region, other):
        visible = (labels == brow) & left
        if visible.sum() >= MIN_BROW * labels.size:
            return np.broadcast_to(picture[visible].mean(axis=0), picture.shape)
    lab = hair_color(picture, labels == Region.HAIR).mean.astype(np.float32)
    lab[0] *= BROW_LIGHTNESS
    return np.broadcast_to(lab_to_rgb(lab[None, None])[0, 0], picture.shape)


def _ear_shade(share: Float32[ndarray, "s s"], labels: UInt8[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """Factors on the color of an ear that nobody has seen: a groove inside its rim, and a hollow beside the face."""
    rows, columns = np.nonzero(share > 0.5)
    if len(rows) < MIN_VISIBLE * share.size:
        return np.ones_like(share)
    center, radius = (
        ((rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2),
        (np.ptp(rows), np.ptp(columns)),
    )
    y, x = np.mgrid[: len(share), : len(share)]
    v, u = ((y - center[0]) / max(radius[0] / 2, 1), (x - center[1]) / max(radius[1] / 2, 1))
    toward_face = np.sign(np.flatnonzero((labels == Region.SKIN).any(axis=0)).mean() - center[1])
    groove = EAR_GROOVE * np.exp(-(((np.hypot(u, v) - 0.55) / 0.2) ** 2)) * (u * toward_face < 0.5)
    hollow = EAR_HOLLOW * np.exp(-((u - 0.25 * toward_face) ** 2 + (v - 0.1) ** 2) / 0.12)
    return cv2.GaussianBlur((1 - groove - hollow).astype(np.float32), (0, 0), SOFT * len(share))


def _grown(inside: Bool[ndarray, "s s"], distance: float) -> Bool[ndarray, "s s"]:
    return cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, round(distance))) > 0
