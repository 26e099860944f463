"""Beyond: dye the hair that goes on outside the crop the networks see, so that the colour does not end at its edge."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray

from hairgan.editing.blending import soft_mask
from hairgan.editing.color import hair_color, matte, recolor
from hairgan.editing.edit import EDGE, FEATHER, Edit
from hairgan.editing.subject import Parser, Subject
from hairgan.regions import Region

WIDER = 1.8
DOWN = 0.2
"""The crop looked at is so much wider, and moved down by this share of its side: hair hangs."""


def dye_beyond(subject: Subject, edit: Edit, parser: Parser) -> UInt8[ndarray, "h w 3"]:
    """The edited photo with the rest of the subject's hair in the new colour as well, by colour transfer.

    Only hair that hangs together with that in the crop counts. Where crop and rest meet, one fades into the other.
    """
    inner, photo, size = subject.alignment, subject.photo, subject.alignment.size
    wide = inner.widened(WIDER, DOWN)
    crop = wide.crop(photo)
    ((labels, hair),) = parser([crop])
    to_wide = np.vstack([wide.matrix, [0, 0, 1]]) @ np.vstack([inner.inverse, [0, 0, 1]])

    def widened(values: ndarray) -> ndarray:
        return cv2.warpAffine(values, to_wide[:2], (size, size), flags=cv2.INTER_LINEAR)

    ramp = widened(inner.ramp(photo.shape[0], photo.shape[1], EDGE * size))
    own = _hanging_together(labels == Region.HAIR, widened((subject.labels == Region.HAIR).astype(np.uint8)) > 0)
    mask = soft_mask(own, FEATHER * size / WIDER) * (1 - ramp)
    mask *= wide.ramp(photo.shape[0], photo.shape[1], EDGE * size)
    if not mask.any():
        return edit.image
    before, inside = crop.astype(np.float32), edit.labels == Region.HAIR
    colors = hair_color(edit.before, inside), hair_color(edit.after, inside)
    weight = mask * matte(hair * own, crop, radius=max(1, size // 100))
    return wide.paste(edit.image, before, recolor(before, weight, *colors), mask, np.zeros_like(mask))


def _hanging_together(hair: Bool[ndarray, "h w"], start: Bool[ndarray, "h w"]) -> Bool[ndarray, "h w"]:
    """The parts of the hair that touch the start."""
    count, parts = cv2.connectedComponents((hair | start).astype(np.uint8))
    reached = np.zeros(count, bool)
    reached[parts[start]] = True
    reached[0] = False
    return reached[parts] & hair
