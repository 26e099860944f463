"""Hair that continues outside the crop that the networks see is dyed too, or removed where new hair is shorter."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from hairgan.editing.color import hair_color, mean_color
from hairgan.editing.edit import Edit
from hairgan.editing.masks import nearest_labels, soft_mask
from hairgan.editing.painting import EDGE, FEATHER
from hairgan.editing.parsed_photo import MIN_HAIR, ParsedPhoto
from hairgan.editing.plate import remove_hair
from hairgan.editing.tones import recolor
from hairgan.editing.unmixing import unmix_hair
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.photos.network_images import resize_picture
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region, resize_labels

WIDER = 1.8
"""How many times as wide as the crop the part of the photo is in which hair is looked for."""
DOWN = 0.2
"""By which share of its side that part is moved down, as hair hangs down."""
SAME_COLOR = 5.0
"""Distance in Lab of the mean color of new hair from that of the old, up to which hair that stays keeps its color."""
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
    return _dyed(wide, wide.own, edit)


class HairBeyondNewHair:
    """Hair outside the crop that is to go with the old hair inside, and hair that new hair continues in.

    Args:
        photo: whose hair leaves the crop.
        layout: label map of the crop with the new hair.
        parser: finds the hair outside.
    """

    def __init__(self, photo: ParsedPhoto, layout: UInt8[ndarray, "s s"], parser: FaceParser) -> None:
        self.photo, self.layout, self.parser = photo, layout, parser

    @property
    def at_edges(self) -> Float32[ndarray, "s s"]:
        """How much of each pixel at the crop's edges is where old hair goes, and not where new hair continues in it."""
        size = len(self.layout)
        height, width = self.photo.photo.shape[:2]
        edge = self.photo.alignment.resized(size).ramp(height, width, EDGE * size) < 1
        gone = _goes(self.photo.labels_at(size) == Region.HAIR, edge, self.layout == Region.HAIR)
        return edge * cv2.GaussianBlur(gone.astype(np.float32), (0, 0), EDGE * size / 4)

    def finish(self, edit: Edit) -> tuple[UInt8[ndarray, "h w 3"], bool]:
        """The edited photo without that hair outside, and whether other hair stays there, in the new color.

        What comes into its place is background, clothes or neck, whichever is nearest.
        """
        wide = _WideCrop.of(self.photo, self.parser)
        size = len(wide.own)
        in_crop = _warped(np.ones((self.photo.alignment.size,) * 2, np.float32), wide.to_wide, size) > 0.5
        layout = resize_labels(self.layout, self.photo.alignment.size)
        layout = cv2.warpAffine(layout, wide.to_wide, (size, size), flags=cv2.INTER_NEAREST)
        new = in_crop & (layout == Region.HAIR)
        gone = wide.own & ~in_crop & _goes(wide.own, in_crop & (wide.fade < 1), new)
        stays = wide.own & ~in_crop & ~gone
        image, old, now = edit.image, edit.labels == Region.HAIR, edit.layout == Region.HAIR
        if stays.any() and np.linalg.norm(mean_color(edit.after, now) - mean_color(edit.before, old)) > SAME_COLOR:
            image = _dyed(wide, wide.own & (stays | in_crop), edit)
        if gone.any():
            labels = np.where(in_crop, layout, wide.photo.labels)
            image = _without(wide, gone, new | stays, labels, image)
        return image, bool(stays.mean() > MIN_HAIR)


def _goes(old: Bool[ndarray, "s s"], edge: Bool[ndarray, "s s"], new: Bool[ndarray, "s s"]) -> Bool[ndarray, "s s"]:
    """Where the nearest old hair at the crop's edges is not covered by new hair."""
    return nearest_labels((~new).astype(np.uint8), old & edge) > 0


def _dyed(wide: _WideCrop, hair: Bool[ndarray, "s s"], edit: Edit) -> UInt8[ndarray, "h w 3"]:
    """The edited photo with some of the hair outside the crop in the color of the hair inside."""
    crop = wide.photo.crop
    mask = soft_mask(hair, FEATHER * len(crop) / WIDER) * (1 - wide.fade) * wide.ramp
    if not mask.any():
        return edit.image
    unmixed = unmix_hair(wide.photo.labels, wide.photo.hair * hair, crop, crop)
    before = crop.astype(np.float32)
    now = hair_color(edit.before, edit.labels == Region.HAIR)
    wanted = hair_color(edit.after, edit.layout == Region.HAIR)
    after = recolor(before, mask * unmixed.share, now, wanted, unmixed.color)
    return wide.photo.alignment.paste(edit.image, before, after, mask, np.zeros_like(mask))


def _without(
    wide: _WideCrop,
    gone: Bool[ndarray, "s s"],
    others: Bool[ndarray, "s s"],
    labels: UInt8[ndarray, "s s"],
    image: UInt8[ndarray, "h w 3"],
) -> UInt8[ndarray, "h w 3"]:
    """An edited photo without some of the hair outside the crop.

    Args:
        others: hair that stays, new hair included.
        labels: label map of the edited photo.
    """
    # hair that stays is labeled as a region that keeps its pixels
    labels = np.where(labels == Region.HAIR, np.uint8(Region.NECK_L), labels)
    behind = nearest_labels(labels, np.isin(labels, BEHIND))
    uncovered = np.array([behind == region for region in HIDDEN_BY_HAIR], np.float32)
    alignment = wide.photo.alignment
    labels = np.where(gone, np.uint8(Region.HAIR), labels)
    edited = ParsedPhoto(image, alignment, alignment.crop(image), labels, wide.photo.hair * gone)
    painted = edited.painted_size
    plate = remove_hair(edited, uncovered, others.astype(np.float32), painted)
    share = resize_picture((1 - wide.fade) * wide.ramp, painted)
    before = edited.crop_at(painted).astype(np.float32)
    after = before + share[..., None] * (plate.picture - before)
    mask = plate.changed * share
    return alignment.resized(painted).paste(image, before, after, mask, mask)


def _warped(values: ndarray, to_wide: ndarray, size: int) -> ndarray:
    return cv2.warpAffine(values, to_wide, (size, size), flags=cv2.INTER_LINEAR)


def _connected(hair: Bool[ndarray, "h w"], start: Bool[ndarray, "h w"]) -> Bool[ndarray, "h w"]:
    """The parts of the hair that touch the start."""
    count, parts = cv2.connectedComponents((hair | start).astype(np.uint8))
    reached = np.zeros(count, bool)
    reached[parts[start]] = True
    reached[0] = False
    return reached[parts] & hair
