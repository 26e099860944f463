"""Unmixing: the shares and the colors of hair along its edges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hairgan.editing.unmixing import FAINT, REACH, unmix_hair
from hairgan.regions import Region

SIZE = 128
HAIR, SKIN = np.array([40.0, 28.0, 20.0]), np.array([215.0, 170.0, 150.0])


def hairline(soft: float, region: Region = Region.SKIN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hair in the left half, which ends softly; its true share, the picture, and the parser's sharp labels."""
    share = np.clip(0.5 + (SIZE / 2 - np.arange(SIZE) - 0.5) / (2 * soft), 0, 1)[None] * np.ones((SIZE, 1))
    picture = share[..., None] * HAIR + (1 - share[..., None]) * SKIN
    labels = np.where(share > 0.5, np.uint8(Region.HAIR), np.uint8(region))
    return share, np.rint(picture).astype(np.uint8), labels


@pytest.mark.parametrize("size", [SIZE, 2 * SIZE])
def test_a_soft_hairline_has_the_shares_and_the_color_of_its_hair(size: int) -> None:
    share, small, labels = hairline(1.5)
    picture = cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)
    hair = unmix_hair(labels, (labels == Region.HAIR).astype(np.float32), small, picture)
    true = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR)
    assert np.abs(hair.share - true)[8:-8].max() < FAINT + 0.01
    mixed = (true > 0.3) & (true < 0.9)
    assert np.abs(hair.color - HAIR)[mixed].mean() < 12 < np.abs(picture - HAIR)[mixed].mean()
    deep = true == 1
    deep[:, size // 2 - 20 * size // SIZE :] = False
    assert (hair.share[deep] == 1).all() and np.array_equal(hair.color[deep], picture[deep].astype(np.float32))


def test_strands_are_looked_for_within_reach() -> None:
    _, small, labels = hairline(0.5, Region.BACKGROUND)
    small[40] = HAIR  # a strand across the picture
    small[41] = HAIR
    hair = unmix_hair(labels, (labels == Region.HAIR).astype(np.float32), small, small)
    edge = SIZE // 2
    assert hair.share[40, edge + 1] > 0.4 > 0.2 > hair.share[30, edge + 1]
    assert not hair.share[:, edge + round(REACH * SIZE) + 1 :].any()


def test_hair_that_fills_the_picture_is_its_own() -> None:
    picture = np.random.default_rng(0).integers(0, 90, (64, 64, 3)).astype(np.uint8)
    labels = np.full((64, 64), Region.HAIR, np.uint8)
    hair = unmix_hair(labels, np.ones((64, 64), np.float32), picture, picture)
    assert (hair.share > 0.99).all() and np.array_equal(hair.color, picture.astype(np.float32))
