"""Hair that continues outside the crop that the networks see is dyed too, or removed where new hair is shorter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from hairgan.editing.color import hair_color
from hairgan.editing.edit import Edit
from hairgan.editing.masks import nearest_labels, soft_mask
from hairgan.editing.painting import EDGE, FEATHER
from hairgan.editing.parsed_photo import MIN_HAIR, ParsedPhoto
from hairgan.editing.plate import remove_hair
from hairgan.editing.tones import recolor
from hairgan.editing.unmixing import unmix_hair
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region, resize_labels

WIDER = 1.8
"""How many times as wide as the crop the part of the photo is in which hair is looked for."""
DOWN = 0.2
"""By which share of its side that part is moved down, as hair hangs down."""
BEHIND = (Region.BACKGROUND, Region.CLOTH, Region.NECK)
"""What hair outside the crop hides."""


@dataclass(frozen=True, eq=False)
class _WideCrop:
    """A wider crop of a photo, and what of it is the person's hair."""

    photo: ParsedPhoto
    """The crop, parsed."""
    own: Bool[ndarray, "s s"]
    """Hair that is connected with that in the photo's own crop."""
    fade: Float32[ndarray, "s s"]
    """1 in the photo's own crop, falling to 0 at its edges."""
    to_wide: ndarray
    """From coordinates of the photo's own crop to those of this one."""

    @classmethod
    def of(cls, photo: ParsedPhoto, parser: FaceParser) -> _WideCrop:
        inner, size = photo.alignment, photo.alignment.size
        height, width = photo.photo.shape[:2]
        wide = inner.widened(WIDER, DOWN)
        crop = wide.crop(photo.photo)
        (parsed,) = parser.parse([crop])
        to_wide = (np.vstack([wide.matrix, [0, 0, 1]]) @ np.vstack([inner.inverse, [0, 0, 1]]))[:2]
        in_crop = _warped((photo.labels == Region.HAIR).astype(np.uint8), to_wide, size) > 0
        own = _connected(parsed.labels == Region.HAIR, in_crop)
        fade = _warped(inner.ramp(height, width, EDGE * size), to_wide, size)
        return cls(ParsedPhoto(photo.photo, wide, crop, parsed.labels, parsed.hair), own, fade, to_wide)

    @property
    def ramp(self) -> Float32[ndarray, "s s"]:
        """1, falling to 0 at those edges of the wide crop beyond which the photo continues."""
        height, width = self.photo.photo.shape[:2]
        return self.photo.alignment.ramp(height, width, EDGE * len(self.own))


def dye_hair_outside_crop(photo: ParsedPhoto, edit: Edit, parser: FaceParser) -> UInt8[ndarray, "h w 3"]:
    """The edited photo, with the rest of the person's hair in the new color as well.

    Only hair that is connected with that in the crop counts. At the crop's edge one fades into the other.
    """
    wide = _WideCrop.of(photo, parser)
    crop = wide.photo.crop
    mask = soft_mask(wide.own, FEATHER * len(crop) / WIDER) * (1 - wide.fade) * wide.ramp
    if not mask.any():
        return edit.image
    old_hair = edit.labels == Region.HAIR
    hair = unmix_hair(wide.photo.labels, wide.photo.hair * wide.own, crop, crop)
    before = crop.astype(np.float32)
    now, wanted = hair_color(edit.before, old_hair), hair_color(edit.after, old_hair)
    after = recolor(before, mask * hair.share, now, wanted, hair.color)
    return wide.photo.alignment.paste(edit.image, before, after, mask, np.zeros_like(mask))


def remove_hair_outside_crop(
    photo: ParsedPhoto, layout: UInt8[ndarray, "s s"], parser: FaceParser
) -> tuple[UInt8[ndarray, "h w 3"], bool]:
    """The photo without the hair outside its crop that new hair does not reach, and whether other hair stays there.

    Hair outside stays where the nearest hair at the crop's edge is covered by new hair, which it then continues. What
    comes into its place is background, clothes or neck, whichever is nearest.

    Args:
        photo: whose hair leaves the crop.
        layout: label map of the crop with the new hair.
    """
    wide = _WideCrop.of(photo, parser)
    labels, size = wide.photo.labels, len(wide.own)
    new = resize_labels(layout, photo.alignment.size) == Region.HAIR
    new = _warped(new.astype(np.float32), wide.to_wide, size) > 0.5
    outside = wide.fade < 1
    at_edge = wide.own & outside & (wide.fade > 0)
    if not at_edge.any():
        return photo.photo, False
    stays = nearest_labels(new.astype(np.uint8), at_edge) > 0
    gone, kept = wide.own & outside & ~stays, wide.own & outside & stays
    if not gone.any():
        return photo.photo, True
    # other hair is labeled as a region that keeps its pixels
    others = np.where(labels == Region.HAIR, np.uint8(Region.NECK_L), labels)
    behind = nearest_labels(others, np.isin(others, BEHIND))
    uncovered = np.array([behind == region for region in HIDDEN_BY_HAIR], np.float32)
    parsed = replace(wide.photo, labels=np.where(gone, np.uint8(Region.HAIR), others), hair=wide.photo.hair * gone)
    painted = parsed.painted_size
    plate = remove_hair(parsed, uncovered, kept.astype(np.float32), painted)
    share = cv2.resize((outside * wide.ramp).astype(np.float32), (painted, painted), interpolation=cv2.INTER_LINEAR)
    mask = plate.changed * share
    before = parsed.crop_at(painted).astype(np.float32)
    after = before + share[..., None] * (plate.picture - before)
    alignment = parsed.alignment.resized(painted)
    return alignment.paste(photo.photo, before, after, mask, mask), bool(kept.mean() > MIN_HAIR)


def _warped(values: ndarray, to_wide: ndarray, size: int) -> ndarray:
    return cv2.warpAffine(values, to_wide, (size, size), flags=cv2.INTER_LINEAR)


def _connected(hair: Bool[ndarray, "h w"], start: Bool[ndarray, "h w"]) -> Bool[ndarray, "h w"]:
    """The parts of the hair that touch the start."""
    count, parts = cv2.connectedComponents((hair | start).astype(np.uint8))
    reached = np.zeros(count, bool)
    reached[parts[start]] = True
    reached[0] = False
    return reached[parts] & hair
