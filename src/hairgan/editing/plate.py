"""The plate: a photo's crop without its hair, whose place is filled from the regions around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.brows import draw_hidden_brows
from hairgan.editing.corrections import mirrored, smoothed
from hairgan.editing.ears import ear_shading, without_far_ear
from hairgan.editing.grain import grain
from hairgan.editing.hair_shadow import beyond_shadow, hair_shadow
from hairgan.editing.hidden_features import beside_hair, brows_to_keep, mirrored_sides, paint_hidden
from hairgan.editing.masks import grown, matte, smooth_step
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.skin_shading import continued_skin
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.regions import Region

# Lengths are shares of the crop's side.
NEAR = 1 / 24
"""How far from the hair its loose strands are looked for."""
STRAND = (0.04, 0.2)
"""Shares of hair in a pixel beside the hair below which it stays, and above which it is filled."""
BAND = 1 / 256
"""How far beyond the hair everything is removed, for its soft edge."""
FOREHEAD = 1 / 36
"""How far beyond the hair the forehead is removed, for strands on it and the dark line along them."""
CHEEK = 1 / 40
"""How far beyond the hair all other skin is removed, for the dark line along hair."""
HAT_EDGE = 1 / 96
"""How far from hair the edge of a hat is made anew."""
MIN_CHANGE = 0.004
"""The smallest change of the light that is made."""
SOCKET = 1 / 40
"""How far around eyes and brows skin is too dark for the rest to continue from it."""
CLEAR = 1 / 512
"""How far beyond what is removed the filling takes its colors from."""
EVEN = 1 / 256
"""Standard deviation of the blur of the colors that are continued."""
SOFT = 1 / 256
"""Standard deviation of the blur at the edge of what is filled."""
GRADUAL = 1 / 96
"""The same on skin, where the dark line along hair fades out gradually."""
END_OF_BROW, END_OF_EYE = 1 / 40, 1 / 100
"""How far from hair brows and eyes that it cut end gradually."""
MIN_VISIBLE = 0.0006
"""Share of the crop in which a region must be visible for it to be continued."""
MIN_SHARE = 0.05
"""Regions that are nowhere more probable than this under the hair are left out."""
SHARPNESS = 4
"""Exponent of the probabilities of what is under the hair: their edges become narrower."""

KEPT = (
    Region.NOSE, Region.MOUTH, Region.U_LIP, Region.L_LIP, Region.HAT,
    Region.EAR_R, Region.NECK_L,
)  # fmt: skip
"""Small regions that keep their pixels right up to the hair; eyes and brows end gradually there."""

UNSHADED = (Region.BACKGROUND, Region.HAT, Region.HAIR)
"""Regions on which hair casts no shadow."""
BROWS = (Region.L_BROW, Region.R_BROW)
EYES = (Region.L_EYE, Region.R_EYE, Region.EYE_G)
FACE = (Region.SKIN, Region.NOSE, *EYES, *BROWS, Region.MOUTH, Region.U_LIP, Region.L_LIP)

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

    picture: Float32[ndarray, "s s 3"]
    """Equal to the crop where `changed` is 0."""
    changed: Float32[ndarray, "s s"]
    """How much of each pixel is not the photo's: 1 in the place of the hair; in shadows the change of the light."""


def remove_hair(
    photo: ParsedPhoto,
    uncovered: Float32[ndarray, "regions s s"],
    new_hair: Float32[ndarray, "s s"],
    size: int,
) -> Plate:
    """Fill the place of the hair: each region that was under it continues from where it is visible.

    The colors are smooth, so they are computed at the parser's resolution and enlarged; the regions' grain is added to
    them at the plate's.

    Args:
        uncovered: probabilities of the regions of `HIDDEN_BY_HAIR` under the hair, at the parser's resolution.
        new_hair: how much of each pixel new hair will cover, at the parser's resolution. Beside it the old hair's
            shadow stays.
        size: side of the plate in pixels.
    """
    crop = photo.crop_at(size).astype(np.float32)
    if not (photo.labels == Region.HAIR).any():
        return Plate(crop, np.zeros((size, size), np.float32))
    uncovered = without_far_ear(uncovered, photo.labels, new_hair)
    apart = beyond_shadow(new_hair)
    filled = _area_to_fill(photo, apart > 0.5)
    gone = filled > 0.02
    beneath = _beneath(photo.labels, uncovered, gone)
    in_background = HIDDEN_BY_HAIR.index(Region.BACKGROUND)
    body = np.where(gone, 1 - beneath[in_background], ~np.isin(photo.labels, UNSHADED)).astype(np.float32)[..., None]
    light = 1 + body * (1 / hair_shadow((photo.labels == Region.HAIR).astype(np.float32)) - 1)
    shade = 1 + body * (hair_shadow(new_hair) - 1)
    filling = _colors(photo, photo.crop * light, beneath, gone)
    light, shade, filled, filling = (_enlarged(values, size) for values in (light, shade, filled, filling))
    filled[filled < 0.02] = 0
    for region, share in zip(HIDDEN_BY_HAIR, beneath, strict=True):
        if share.max() > MIN_SHARE:
            visible = (photo.labels_at(size) == region) & (_enlarged(gone.astype(np.float32), size) < 0.02)
            filling += np.minimum(1, _enlarged(share, size))[..., None] * grain(crop, visible)
    lit = crop * light
    picture = lit + filled[..., None] * (filling.clip(0, 255) - lit)
    picture, edge = _with_edge_of_hat(photo, picture)
    hidden = (photo.labels == Region.HAIR) | beside_hair(photo.labels) & (apart > 0.5)
    hidden &= ~brows_to_keep(photo.labels)[1]
    picture, drawn = _with_features(photo, hidden, uncovered, picture)
    relit = np.abs(light * shade - 1).max(axis=2)
    changed = np.maximum.reduce([filled, edge, drawn, np.where(relit > MIN_CHANGE, relit, 0)]).astype(np.float32)
    return Plate(np.where(changed[..., None] > 0, (picture * shade).clip(0, 255), crop), changed)


def _with_edge_of_hat(
    photo: ParsedPhoto, picture: Float32[ndarray, "s s 3"]
) -> tuple[Float32[ndarray, "s s 3"], Float32[ndarray, "s s"]]:
    """A plate whose hat ends smoothly at the old hair, and how much of each pixel that is.

    A parser gives single pixels of hair to the hat. The hat's edge takes the mirror image of the hat beside it.
    """
    size = len(picture)
    labels = photo.labels_at(size)
    hat, beside = labels == Region.HAT, grown(labels == Region.HAIR, HAT_EDGE * size)
    inner, edge = hat & ~beside, grown(hat, HAT_EDGE * size) & beside
    if not (inner.any() and edge.any()):
        return picture, np.zeros((size, size), np.float32)
    share = edge * smooth_step(cv2.GaussianBlur(hat.astype(np.float32), (0, 0), SOFT * size), 0.25, 0.75)
    crop = photo.crop_at(size).astype(np.float32)
    return picture + share[..., None] * (mirrored(crop, inner) - picture), share


def _with_features(
    photo: ParsedPhoto,
    hidden: Bool[ndarray, "p p"],
    uncovered: Float32[ndarray, "regions p p"],
    picture: Float32[ndarray, "s s 3"],
) -> tuple[Float32[ndarray, "s s 3"], Float32[ndarray, "s s"]]:
    """A plate with the hidden parts of eyes and brows, and how much of each pixel is theirs."""
    sides = mirrored_sides(photo)
    picture, drawn = draw_hidden_brows(photo, sides, hidden, uncovered, picture)
    for side in sides:
        picture, share = paint_hidden(side, photo, hidden, picture)
        drawn = np.maximum(drawn, share)
    return picture, drawn


def _area_to_fill(photo: ParsedPhoto, apart: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """1 in the hair, its loose strands, its soft edge and the skin along it, falling softly to 0.

    Small regions of the face keep their pixels, and so does skin beside new hair.

    Args:
        apart: what is not beside new hair.
    """
    labels, size = photo.labels, len(photo.labels)
    hair, skin = labels == Region.HAIR, labels == Region.SKIN
    share = matte(photo.hair, photo.crop)
    strands = smooth_step(share, *STRAND) * grown(hair, NEAR * size)
    area = grown(hair, BAND * size) | grown(strands > 0.5, 1)
    kept_brows, _ = brows_to_keep(labels)
    area |= apart & np.isin(labels, BROWS) & beside_hair(labels) & ~kept_brows
    shaded = skin & grown(hair, CHEEK * size) | _forehead(labels) & grown(hair, FOREHEAD * size)
    soft = cv2.GaussianBlur(area.astype(np.float32), (0, 0), SOFT * size)
    gradual = cv2.GaussianBlur((area | apart & shaded).astype(np.float32), (0, 0), GRADUAL * size)
    soft = np.where(apart & skin, np.maximum(soft, gradual), soft)
    from_hair = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / size
    for regions, end in ((np.isin(labels, KEPT), 0.0), (np.isin(labels, EYES), END_OF_EYE), (kept_brows, END_OF_BROW)):
        kept = cv2.GaussianBlur(grown(regions, 1).astype(np.float32), (0, 0), SOFT * size)
        soft = soft * (1 - kept * (smooth_step(from_hair, 0, end) if end else 1))
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
    skin, *brows = (HIDDEN_BY_HAIR.index(region) for region in (Region.SKIN, *BROWS))
    beneath[skin] += beneath[brows].sum(axis=0)
    beneath[brows] = 0
    beneath = np.stack([cv2.GaussianBlur(share.astype(np.float32), (0, 0), SOFT * size) for share in beneath]) * gone
    beneath[[share.max() < MIN_SHARE**SHARPNESS for share in beneath]] = 0
    return beneath / np.maximum(beneath.sum(axis=0), 1e-6)


def _colors(
    photo: ParsedPhoto,
    picture: Float32[ndarray, "s s 3"],
    beneath: Float32[ndarray, "regions s s"],
    gone: Bool[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"]:
    """The regions' own colors in the place of what is gone.

    Args:
        picture: the crop without the shadow of the hair.
    """
    labels, size = photo.labels, len(photo.labels)
    hair = labels == Region.HAIR
    clear = ~grown(gone, CLEAR * size)
    face = np.isin(labels, FACE) | (beneath[HIDDEN_BY_HAIR.index(Region.SKIN)] > 0.5)
    total, weight = np.zeros_like(picture), np.zeros((size, size), np.float32)
    for region, share in zip(HIDDEN_BY_HAIR, beneath, strict=True):
        if share.any() and (filling := _filling(region, picture, labels, clear, ~gone, face)) is not None:
            if region in (Region.L_EAR, Region.R_EAR) and not (labels == region).any():
                filling = filling * ear_shading(share, labels)[..., None]
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
    face: Bool[ndarray, "s s"],
) -> Float32[ndarray, "s s 3"] | None:
    """What a region looks like everywhere in the crop; None if nothing visible tells.

    Args:
        clear: what is far enough from everything that goes to be without its colors.
        left: everything that does not go.
        face: the whole face, its hidden parts included.
    """
    enough = MIN_VISIBLE * labels.size
    for seen in (region, *STAND_INS.get(region, ())):
        visible = (labels == seen) & clear
        if seen == Region.SKIN:
            visible |= (labels == Region.NOSE) & clear
            visible &= ~grown(np.isin(labels, (*EYES, *BROWS)), SOCKET * len(labels))
        if visible.sum() >= enough:
            is_face = region == seen == Region.SKIN
            return continued_skin(picture, visible, face) if is_face else _continued(picture, visible)
    visible = (labels == region) & left
    return _continued(picture, visible) if visible.sum() >= enough / 4 else None
