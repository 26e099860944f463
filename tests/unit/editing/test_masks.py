"""Soft masks: a feather, and a matte that follows the picture."""

from __future__ import annotations

import numpy as np

from hairgan.editing.masks import matte, soft_mask


def test_the_soft_mask() -> None:
    hair = np.zeros((90, 110), bool)
    hair[30:70, 20:80] = True
    mask = soft_mask(hair, 8.0)
    assert (mask[hair] == 1).all()
    assert mask[10, 50] == 0 and mask[22, 50] == 0 and 0 < mask[25, 50] < 1
    falling = mask[20:31, 50]
    assert (np.diff(falling) >= 0).all() and np.abs(np.diff(falling)).max() < 0.25
    assert not soft_mask(np.zeros((5, 5), bool), 3.0).any()


def test_the_matte_follows_the_picture() -> None:
    """The parser's outline is 3 pixels off; the picture's edge is where the hair ends."""
    picture = np.full((60, 60, 3), 200, np.uint8)
    picture[:, :30] = 40
    hair = np.zeros((60, 60), np.float32)
    hair[:, :27] = 1
    out = matte(hair, picture, 5)
    assert out[30, 28] > 0.4 and out[30, 31] < 0.25 and out[30, 5] > 0.99 and out[30, 50] < 0.01
    assert out.min() >= 0 and out.max() <= 1
