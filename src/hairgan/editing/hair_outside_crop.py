"""Hair that continues outside the crop that the networks see is dyed by color transfer."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray

from hairgan.editing.color import hair_color
from hairgan.editing.edit import Edit
from hairgan.editing.masks import soft_mask
from hairgan.editing.painting import EDGE, FEATHER
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.tones import recolor
from hairgan.editing.unmixing import unmix_hair
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region

WIDER = 1.8
"""How many times as wide as the crop the part of the photo is in which hair is looked for."""
DOWN = 0.2
"""By which share of its side that part is moved down, as hair hangs down."""


def dye_hair_outside_crop(photo: ParsedPhoto, edit: Edit, parser: FaceParser) -> UInt8[ndarray, "h w 3"]:
    """The edited photo, with the rest of the person's hair in the new color as well.

    Only hair that is connected with that in the crop counts. At the crop's edge one fades into the other.
    """
    inner, source, size = photo.alignment, photo.photo, photo.alignment.size
    height, width = source.shape[:2]
    wide = inner.widened(WIDER, DOWN)
    crop = wide.crop(source)
    (parsed,) = parser.parse([crop])
    to_wide = np.vstack([wide.matrix, [0, 0, 1]]) @ np.vstack([inner.inverse, [0, 0, 1]])

    def in_wide_crop(values: ndarray) -> ndarray:
        return cv2.warpAffine(values, to_wide[:2], (size, size), flags=cv2.INTER_LINEAR)

    fade = in_wide_crop(inner.ramp(height, width, EDGE * size))
    inner_hair = in_wide_crop((photo.labels == Region.HAIR).astype(np.uint8)) > 0
    own = _connected(parsed.labels == Region.HAIR, inner_hair)
    mask = soft_mask(own, FEATHER * size / WIDER) * (1 - fade)
    mask *= wide.ramp(height, width, EDGE * size)
    if not mask.any():
        return edit.image
    old_hair = edit.labels == Region.HAIR
    hair = unmix_hair(parsed.labels, parsed.hair * own, crop, crop)
    before = crop.astype(np.float32)
    now, wanted = hair_color(edit.before, old_hair), hair_color(edit.after, old_hair)
    after = recolor(before, mask * hair.share, now, wanted, hair.color)
    return wide.paste(edit.image, before, after, mask, np.zeros_like(mask))


def _connected(hair: Bool[ndarray, "h w"], start: Bool[ndarray, "h w"]) -> Bool[ndarray, "h w"]:
    """The parts of the hair that touch the start."""
    count, parts = cv2.connectedComponents((hair | start).astype(np.uint8))
    reached = np.zeros(count, bool)
    reached[parts[start]] = True
    reached[0] = False
    return reached[parts] & hair
