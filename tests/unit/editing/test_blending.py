"""Blending: nothing outside the mask, no seam at its rim."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.editing.blending import BLENDS, alpha_blend, poisson_blend
from hairgan.editing.masks import soft_mask


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    source = rng.uniform(60, 140, (90, 110, 3)).astype(np.float32)
    edited = np.clip(source + 40 + rng.normal(size=source.shape), 0, 255).astype(np.float32)
    hair = np.zeros((90, 110), bool)
    hair[30:70, 20:80] = True
    return source, edited, hair


@pytest.mark.parametrize("blend", BLENDS)
def test_outside_the_mask_the_source_is_untouched(blend: str) -> None:
    source, edited, hair = scene()
    mask = soft_mask(hair, 8.0)
    out = BLENDS[blend](source, edited, mask)
    assert np.array_equal(out[mask == 0], source[mask == 0])
    assert out.dtype == np.float32
    assert np.array_equal(BLENDS[blend](source, edited, 0 * mask), source)
    same = BLENDS[blend](source, source, mask)
    assert np.abs(same - source).max() < 1e-3


def test_inside_the_hair_the_edit_arrives() -> None:
    source, edited, hair = scene()
    out = alpha_blend(source, edited, soft_mask(hair, 8.0))
    assert np.abs(out[45:55, 45:55] - edited[45:55, 45:55]).mean() < 1e-4


def test_poisson_keeps_gradients_and_removes_an_offset() -> None:
    """An edit that is the source plus a constant is the source to Poisson blending."""
    source, _, hair = scene()
    mask = soft_mask(hair, 8.0)
    out = poisson_blend(source, source + 40, mask)
    assert np.abs(out - source).max() < 2
    picture = source.copy()
    picture[45:55, 45:55] += 50
    out = poisson_blend(source, picture, mask)
    assert np.abs(out[48:52, 48:52] - picture[48:52, 48:52]).max() < 2


def test_poisson_without_a_rim() -> None:
    source, edited, hair = scene()
    assert np.array_equal(poisson_blend(source, edited, np.ones_like(hair, np.float32)), edited)
