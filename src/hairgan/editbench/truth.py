"""The truth in place of the result of one stage of the salon, to measure what that stage costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray

from hairgan.editbench.drawn_cases import EditCase, Truth
from hairgan.editing.new_hair import NewHair
from hairgan.editing.painting import BlendedCrop, Painting, blend_painting
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.rough_head import RoughHead
from hairgan.editing.salon import Salon
from hairgan.editing.steps import Steps
from hairgan.photos.alignment import whole_photo
from hairgan.regions import Region, resize_labels

STAGES: dict[str, str] = {
    "source": "the label map of the source",
    "reference": "the label map of the reference",
    "layout": "the label map of the restyled head",
    "background": "what the old hair covered and the new hair does not",
    "color": "the hair's color and style code, taken from the true result",
    "paint": "the pixels of the new hair",
}
"""Stages, and what is replaced by the truth."""

DYE_STAGES = ("source", "reference", "color", "paint")
"""Stages that dyeing has; restyling has all."""


def check_stages(stages: Iterable[str]) -> None:
    """Raise ValueError for a name that is not one of `STAGES`."""
    for stage in stages:
        if stage not in STAGES:
            raise ValueError(f"there is no stage '{stage}' of an edit: the stages are {', '.join(STAGES)}")


@dataclass(frozen=True)
class TrueResult:
    """The truth of one stage of a case; the results of all other stages stay as they are.

    Args:
        stage: one of `STAGES`, or None to replace nothing.
    """

    stage: str | None
    case: EditCase
    truth: Truth

    def source(self, parsed: ParsedPhoto) -> ParsedPhoto:
        """The parsed source."""
        return with_labels(parsed, self.case.source_labels) if self.stage == "source" else parsed

    def reference(self, parsed: ParsedPhoto) -> ParsedPhoto:
        """The parsed reference."""
        return with_labels(parsed, self.case.reference_labels) if self.stage == "reference" else parsed

    def color(self, salon: Salon, reference: ParsedPhoto) -> ParsedPhoto:
        """The photo that the color of the hair is taken from."""
        if self.stage != "color":
            return reference
        return with_labels(salon.parse(self.truth.image, aligned=True), self.truth.labels)

    def steps(self) -> Steps:
        """The steps of the salon, of which one may give the truth."""
        if self.stage == "layout":
            return Steps(lay_out=self._lay_out, place_hair=self._place_hair)
        if self.stage in ("background", "paint"):
            return Steps(blend=self._blend)
        return Steps()

    def _lay_out(self, head: RoughHead, mode: str) -> UInt8[ndarray, "size size"]:
        return resize_labels(self.truth.labels, len(head.labels))

    def _place_hair(self, new: NewHair) -> NewHair:
        return NewHair.of_labels(resize_labels(self.truth.labels, len(new.labels)), new.uncovered)

    def _blend(self, painting: Painting, blend: str) -> BlendedCrop:
        size = len(painting.picture)
        height, width = self.truth.labels.shape
        true_crop = whole_photo(height, width, size).crop(self.truth.image)
        picture = np.where(self._replaced(painting)[..., None], true_crop.astype(np.float32), painting.picture)
        return blend_painting(replace(painting, picture=picture), blend)

    def _replaced(self, painting: Painting) -> Bool[ndarray, "s s"]:
        """Pixels of a painting that get the truth: they show hair in both or in neither."""
        size = len(painting.picture)
        new_hair, true_hair = painting.layout == Region.HAIR, resize_labels(self.truth.labels, size) == Region.HAIR
        if self.stage == "paint":
            return new_hair & true_hair
        old_hair = painting.photo.labels_at(size) == Region.HAIR
        return old_hair & ~new_hair & ~true_hair


def with_labels(parsed: ParsedPhoto, labels: UInt8[ndarray, "s s"]) -> ParsedPhoto:
    """A photo with another label map than the parser's, of the same crop."""
    resized = resize_labels(labels, len(parsed.crop))
    return replace(parsed, labels=resized, hair=(resized == Region.HAIR).astype(np.float32), codes=None, layouts={})
