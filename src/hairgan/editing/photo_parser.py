"""The first two steps of an edit: align photos, then parse their crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.editing.batching import batches
from hairgan.editing.edit import Timings
from hairgan.editing.painting import EDGE
from hairgan.editing.parsed_photo import MIN_HAIR, ParsedPhoto
from hairgan.editing.references import Mix, Photo, Reference, WeightedReference
from hairgan.editing.specks import without_specks
from hairgan.photos.alignment import Alignment
from hairgan.photos.face_finders import MTCNNFinder
from hairgan.photos.faces import FaceFinder, align_face
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region

MIN_HAT = 0.01
"""Share of the crop that a hat must cover for a warning."""


@dataclass(frozen=True, eq=False)
class AlignedPhoto:
    """A photo and its aligned crop."""

    photo: Photo
    alignment: Alignment
    crop: UInt8[ndarray, "size size 3"]
    warnings: tuple[str, ...]


class PhotoParser:
    """Aligns and parses photos.

    Args:
        parser: the face parser.
        finder: finds faces; None takes the detector of the extra `faces`.
        batch_size: crops that are parsed at a time.
    """

    def __init__(self, parser: FaceParser, finder: FaceFinder | None, batch_size: int) -> None:
        self.parser, self.batch_size = parser, batch_size
        self._finder = finder

    def __call__(self, photos: Sequence[Photo | ParsedPhoto], aligned: bool, timings: Timings) -> list[ParsedPhoto]:
        """Align and parse photos, each once; parsed ones stay as they are.

        Args:
            aligned: the photos are CelebA-HQ crops already; no face is looked for.

        Raises:
            ValueError: a photo shows no face, or it is too small.
        """
        parsed = {id(photo): photo for photo in photos if isinstance(photo, ParsedPhoto)}
        with timings.stage("align"):
            crops = [self.align(photo, aligned) for photo in photos if not isinstance(photo, ParsedPhoto)]
        for batch in batches(crops, self.batch_size):
            with timings.stage("parse"):
                found = self.parse(batch)
            parsed |= {id(photo.photo): photo for photo in found}
        return [parsed[id(photo)] for photo in photos]

    def reference(self, reference: Reference, aligned: bool, timings: Timings) -> tuple[WeightedReference, ...]:
        """Align and parse a reference, or both of a mix; one whose share is 0 is left out.

        Raises:
            ValueError: as in a call, or a reference shows no hair.
        """
        mix = reference if isinstance(reference, Mix) else Mix(reference, reference, 0.0)
        used = [(photo, share) for photo, share in ((mix.first, 1 - mix.share), (mix.second, mix.share)) if share]
        parsed = self([photo for photo, _ in used], aligned, timings)
        for photo in parsed:
            photo.require_hair("the reference")
        return tuple(WeightedReference(photo, share) for photo, (_, share) in zip(parsed, used, strict=True))

    def align(self, photo: Photo, aligned: bool) -> AlignedPhoto:
        """Cut the face that takes up most of a photo out of it."""
        if not aligned:
            self._finder = self._finder or MTCNNFinder()
        face = align_face(photo, None if aligned else self._finder, self.parser.size)
        return AlignedPhoto(photo, face.alignment, face.alignment.crop(photo), face.warnings)

    def parse(self, photos: Sequence[AlignedPhoto]) -> list[ParsedPhoto]:
        """Parse aligned photos as one batch."""
        parsed = []
        for photo, crop in zip(photos, self.parser.parse([photo.crop for photo in photos]), strict=True):
            labels, hair = without_specks(crop.labels, crop.hair)
            height, width = photo.photo.shape[:2]
            fade = photo.alignment.ramp(height, width, EDGE * self.parser.size)
            warnings = photo.warnings
            if wears_hat(labels):
                warnings = (*warnings, "a hat covers hair; the hat is not changed")
            leaves = leaves_crop(labels, fade)
            parsed.append(ParsedPhoto(photo.photo, photo.alignment, photo.crop, labels, hair, warnings, leaves))
        return parsed


def leaves_crop(labels: UInt8[ndarray, "size size"], fade: Float32[ndarray, "size size"]) -> bool:
    """Whether hair continues outside the crop.

    Args:
        fade: 1, and below 1 near those edges of the crop outside which the photo continues.
    """
    return bool(np.mean((labels == Region.HAIR) & (fade < 1)) > MIN_HAIR)


def wears_hat(labels: UInt8[ndarray, "size size"]) -> bool:
    """Whether more than `MIN_HAT` of the crop is a hat."""
    return bool(np.mean(labels == Region.HAT) > MIN_HAT)
