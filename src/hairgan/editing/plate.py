"""The plate: a photo's crop without its hair, whose place is filled from the regions around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.color import hair_color, lab_to_rgb
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.regions import Region

# Lengths are shares of the crop's side.
BAND = 1 / 85
"""How far beyond the hair its loose strands and its shadow are removed too."""
CLEAR = 1 / 128
"""How far beyond that the filling takes its colors from."""
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

KEPT = (
    Region.NOSE, Region.EYE_G, Region.L_EYE, Region.R_EYE, Region.L_BROW, Region.R_BROW, Region.MOUTH, Region.U_LIP,
    Region.L_LIP, Region.HAT, Region.EAR_R, Region.NECK_L,
)  # fmt: skip
"""Small regions that keep their pixels right up to the hair."""

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

    The filling is smooth, so it is computed at the parser's resolution and enlarged.

    Args:
        uncovered: probabilities of the regions of `HIDDEN_BY_HAIR` under the hair, at the parser's resolution.
        size: side of the plate in pixels.
    """
    plate = _fill(photo.crop, photo.labels, uncovered)
    if size == len(photo.crop):
        return plate
    crop = photo.crop_at(size).astype(np.float32)
    filling, filled = (
        cv2.resize(x, (size, size), interpolation=cv2.INTER_CUBIC) for x in (plate.filling, plate.filled)
    )
    return Plate(crop, filling.clip(0, 255), np.where(filled < 0.02, 0, filled.clip(0, 1)).astype(np.float32))


def _fill(
    crop: UInt8[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"], uncovered: Float32[ndarray, "regions s s"]
) -> Plate:
    size, picture, hair = len(crop), crop.astype(np.float32), labels == Region.HAIR
    if not hair.any():
        return Plate(picture, picture, np.zeros((size, size), np.float32))
    filled = _area_to_fill(labels)
    gone = (filled > 0.02) | hair
    clear = ~_grown(gone, CLEAR * size)
    beneath = np.where(hair, uncovered**SHARPNESS, [labels == region for region in HIDDEN_BY_HAIR])
    beneath = np.stack([cv2.GaussianBlur(share.astype(np.float32), (0, 0), SOFT * size) for share in beneath]) * gone
    total, weight = np.zeros_like(picture), np.zeros((size, size), np.float32)
    for region, share in zip(HIDDEN_BY_HAIR, beneath, strict=True):
        if (
            share.max() >= MIN_SHARE**SHARPNESS
            and (filling := _filling(region, picture, labels, clear, ~gone)) is not None
        ):
            total += share[..., None] * filling
            weight += share
    anything = clear & ~hair if (clear & ~hair).any() else ~hair
    rest = continued(picture, anything) if anything.any() else picture
    filling = np.where((weight > 1e-6)[..., None], total / np.maximum(weight, 1e-6)[..., None], rest)
    return Plate(picture, filling.astype(np.float32), filled)


def _area_to_fill(labels: UInt8[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """1 in the hair and in a band around it, falling softly to 0; small regions of the face keep their pixels."""
    size, hair = len(labels), labels == Region.HAIR
    band = cv2.GaussianBlur(_grown(hair, BAND * size).astype(np.float32), (0, 0), SOFT * size)
    kept = _grown(np.isin(labels, KEPT), 1).astype(np.float32)
    band = band * (1 - cv2.GaussianBlur(kept, (0, 0), SOFT * size))
    band[band < 0.02] = 0
    return np.maximum(band, hair.astype(np.float32))


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
            return continued(picture, visible)
    visible = (labels == region) & left
    return continued(picture, visible) if visible.sum() >= enough / 4 else None


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


def _grown(inside: Bool[ndarray, "s s"], distance: float) -> Bool[ndarray, "s s"]:
    return cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, round(distance))) > 0
