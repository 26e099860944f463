"""Skin under hair is shaded as the face is round and lit."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.editing.blending import continued
from hairgan.editing.skin_shading import continued_skin

SIZE = 96


def lit_face(across: float, toward: float) -> tuple[np.ndarray, np.ndarray]:
    """A face as an ellipsoid under a light, 0 to 255, and where it is."""
    y, x = np.mgrid[:SIZE, :SIZE]
    u, v = (x - 48) / 33, (y - 48) / 40
    face = u**2 + v**2 < 1
    depth = np.sqrt(np.clip(1 - u**2 - v**2, 0, 1))
    light = np.exp(across * u + toward * (depth - 1))
    return (np.array([200, 150, 120]) * light[..., None]).astype(np.float32), face


@pytest.mark.parametrize(("across", "toward"), [(0.0, 0.6), (0.5, 0.3), (-0.4, 0.5)])
def test_hidden_sides_of_a_face_are_as_dark_as_its_shape_says(across: float, toward: float) -> None:
    picture, face = lit_face(across, toward)
    x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    visible = face & (abs(x - 48) < 22) & (y > 30)
    hidden = face & ~visible & (((x - 48) / 33) ** 2 + ((y - 48) / 40) ** 2 < 0.9)

    def error(filling: np.ndarray) -> float:
        return float(np.sqrt(((filling - picture)[hidden] ** 2).mean()))

    flat = error(continued(picture, visible))
    assert error(continued_skin(picture, visible, face)) < 0.5 * flat
    assert flat > 10


def test_evenly_lit_skin_stays_even() -> None:
    picture, face = lit_face(0, 0)
    visible = face & (np.arange(SIZE) > 40)[:, None]
    assert np.abs(continued_skin(picture, visible, face) - picture)[face].max() < 1


def test_a_crop_without_a_known_face_is_continued() -> None:
    picture, face = lit_face(0.5, 0.3)
    filling = continued_skin(picture, face, np.zeros_like(face))
    np.testing.assert_allclose(filling[face], picture[face], rtol=0.1)
    assert filling.min() > 0.9 * picture[face].min() and filling.max() < 1.1 * picture[face].max()
