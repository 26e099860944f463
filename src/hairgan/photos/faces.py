"""Faces in a photo, as five points each, and the alignment of the largest.

Points are (x, y) in continuous photo pixels, in the order `celeba_hq_alignment` takes them: eye on the left and on the
right of the picture, nose, mouth's left and right corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from hairgan.photos.alignment import Alignment, celeba_hq_alignment, whole_photo

EDGE_SHARE = 0.3
"""A warning is given when more than this share of the crop lies outside the photo."""
PROFILE = 0.62
"""A warning is given when the eyes are closer than this share of their distance to the mouth."""


@dataclass(frozen=True)
class Face:
    """Five points of a face, and the finder's confidence, 0 to 1."""

    points: Float[ndarray, "5 2"]
    score: float = 1.0


@runtime_checkable
class FaceFinder(Protocol):
    """Anything that finds faces in a photo."""

    def __call__(self, photo: UInt8[ndarray, "h w 3"]) -> list[Face]: ...


@dataclass(frozen=True)
class AlignedFace:
    """The alignment of a face, and warnings for the user about it."""

    alignment: Alignment
    warnings: tuple[str, ...] = ()


def align_face(photo: UInt8[ndarray, "h w 3"], finder: FaceFinder | None, size: int) -> AlignedFace:
    """Align the face that takes up most of a photo.

    Args:
        finder: finds faces; None takes the whole photo as an aligned crop.
        size: side of the crop in pixels.

    Raises:
        ValueError: there is no face, the largest is less than 16 pixels wide, or (without a finder) the photo is not
            square.
    """
    if finder is None:
        return AlignedFace(whole_photo(photo.shape[0], photo.shape[1], size))
    faces = finder(photo)
    if not faces:
        raise ValueError("no face was found in the photo; if it is an aligned crop already, give --aligned")
    candidates = [(celeba_hq_alignment(face.points, size), face) for face in faces]
    outside, alignment, face = min(
        ((alignment.share_outside(*photo.shape[:2]), alignment, face) for alignment, face in candidates),
        key=lambda candidate: candidate[1].scale ** 2 / max(1 - candidate[0], 1e-3),
    )
    warnings = []
    if len(faces) > 1:
        warnings.append(f"{len(faces)} faces were found; the largest is edited")
    if outside > EDGE_SHARE:
        warnings.append(f"the face is at the photo's edge: {outside:.0%} of its crop lies outside")
    left_eye, right_eye, _, left_mouth, right_mouth = face.points
    height = np.hypot(*((left_mouth + right_mouth) / 2 - (left_eye + right_eye) / 2))
    if np.hypot(*(right_eye - left_eye)) < PROFILE * height:
        warnings.append("the face is turned to the side; the networks were trained on frontal faces")
    return AlignedFace(alignment, tuple(warnings))
