"""Aligning the largest face, and what is said about odd ones."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.photos.faces import Face, align_face
from tests.unit.heads import POINTS


def faces(*scales: float) -> list[Face]:
    return [Face(POINTS * 200 * scale + 40) for scale in scales]


def test_the_largest_of_several_with_a_warning() -> None:
    photo = np.zeros((600, 600, 3), np.uint8)
    largest = align_face(photo, lambda _: faces(0.5, 1.5, 1.0), 256)
    alone = align_face(photo, lambda _: faces(1.5), 256)
    assert np.array_equal(largest.alignment.matrix, alone.alignment.matrix)
    assert largest.warnings == ("3 faces were found; the largest is edited",) and alone.warnings == ()


def test_faces_at_the_edge_and_profiles_are_mentioned() -> None:
    (face,) = faces(1.0)
    photo = np.zeros((300, 300, 3), np.uint8)
    at_edge = align_face(photo, lambda _: [Face(face.points - (110, 0))], 256)
    assert "at the photo's edge" in " ".join(at_edge.warnings)
    narrow = face.points * (0.5, 1) + (60, 0)
    profile = align_face(photo, lambda _: [Face(narrow)], 256)
    assert profile.warnings == ("the face is turned to the side; the networks were trained on frontal faces",)


def test_no_face_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face was found"):
        align_face(np.zeros((300, 300, 3), np.uint8), lambda _: [], 256)


def test_a_face_half_outside_is_not_the_largest() -> None:
    photo = np.zeros((300, 300, 3), np.uint8)
    (inside,), (half,) = faces(0.9), faces(1.1)
    chosen = align_face(photo, lambda _: [Face(half.points + np.array([190, 0])), inside], 256)
    alone = align_face(photo, lambda _: [inside], 256)
    assert np.array_equal(chosen.alignment.matrix, alone.alignment.matrix)
