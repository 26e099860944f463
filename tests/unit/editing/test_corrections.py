"""Corrections: strands, tone, outlines and surroundings of a painting."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hairgan.editing.color import hair_color, rgb_to_lab
from hairgan.editing.corrections import borrow_strands, correct_tone, keep_strands, match_surroundings, remove_outline
from hairgan.regions import Region

SIZE = 64


@pytest.fixture
def hair() -> np.ndarray:
    hair = np.zeros((SIZE, SIZE), bool)
    hair[8:56, 12:40] = True
    return hair


@pytest.fixture
def picture(hair: np.ndarray) -> np.ndarray:
    """Brown stripes before a grey wall."""
    stripes = np.where(np.arange(SIZE)[None, :, None] % 4 < 2, (90, 60, 40), (120, 84, 60))
    return np.where(hair[..., None], stripes, 128).astype(np.uint8) * np.ones((SIZE, SIZE, 1), np.uint8)


def test_dyed_hair_has_the_photos_strands_and_the_painted_colors(picture: np.ndarray, hair: np.ndarray) -> None:
    painted = np.full((SIZE, SIZE, 3), (60, 70, 160), np.float32)
    painted[: SIZE // 2] += 40  # lighter above
    wanted = np.array([45.0, 10.0, -40.0])
    dyed = keep_strands(picture, painted, hair, hair.astype(np.float32), wanted)
    assert np.array_equal(dyed[:, 50:], picture[:, 50:])
    assert np.linalg.norm(hair_color(dyed, hair).mean - wanted) < 2
    before, after = rgb_to_lab(picture.astype(np.float32))[..., 0], rgb_to_lab(dyed)[..., 0]
    inner = np.s_[20:44, 16:36]
    strands = np.abs(np.diff(before[inner], axis=1)), np.abs(np.diff(after[inner], axis=1))
    np.testing.assert_allclose(strands[1], strands[0], atol=1.5)
    assert after[14:20, 16:36].mean() > after[46:52, 16:36].mean() + 5


def test_contrast_is_that_of_the_strands(picture: np.ndarray, hair: np.ndarray) -> None:
    painted, wanted = np.full((SIZE, SIZE, 3), 130, np.float32), np.array([50.0, 0.0, 0.0])
    inner = np.s_[20:44, 16:36]
    spreads = [
        rgb_to_lab(keep_strands(picture, painted, hair, hair.astype(np.float32), wanted, contrast))[inner][..., 0].std()
        for contrast in (1.0, 1.5)
    ]
    assert spreads[1] == pytest.approx(1.5 * spreads[0], rel=0.05)


def test_a_painting_gets_the_wanted_tone(picture: np.ndarray, hair: np.ndarray) -> None:
    painted, wanted = picture.astype(np.float32), np.array([60.0, 20.0, 30.0])
    toned = correct_tone(painted, hair, wanted)
    assert np.linalg.norm(hair_color(toned, hair).mean - wanted) < 0.5
    assert np.array_equal(toned[:, 50:], painted[:, 50:])
    assert correct_tone(painted, np.zeros_like(hair), wanted) is painted


def test_outlines_take_the_color_of_the_hair(hair: np.ndarray) -> None:
    painted = np.where(hair[..., None], (90, 60, 40), 128).astype(np.float32) * np.ones((SIZE, SIZE, 1), np.float32)
    outline = hair & ~(cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    drawn = np.where(outline[..., None], np.float32(0), painted)
    assert np.abs(drawn - painted)[outline].mean() > 12
    np.testing.assert_allclose(remove_outline(drawn, hair), painted, atol=1e-3)


def test_borrowed_strands_are_mirrored_where_the_donor_has_no_hair(picture: np.ndarray, hair: np.ndarray) -> None:
    painted = np.full((SIZE, SIZE, 3), (150, 120, 70), np.float32)
    wider = np.zeros_like(hair)
    wider[8:56, 12:52] = True
    out = borrow_strands(painted, wider, picture, hair)
    lightness = rgb_to_lab(out)[..., 0]
    assert np.abs(lightness[30, 16:50].mean() - rgb_to_lab(painted)[30, 16:50, 0].mean()) < 2, "the color stays"
    for columns in (np.s_[16:36], np.s_[42:50]):
        assert np.abs(np.diff(lightness[30, columns])).mean() > 3, "stripes, mirrored beyond the donor's hair"
    assert np.array_equal(out[:, 58:], painted[:, 58:])
    assert borrow_strands(painted, wider, picture, np.zeros_like(hair)) is painted


def test_an_uncovered_wall_has_the_color_of_the_wall() -> None:
    ramp = np.linspace(60, 180, SIZE)[None, :, None] * np.ones((SIZE, 1, 3))
    labels, layout = np.zeros((SIZE, SIZE), np.uint8), np.zeros((SIZE, SIZE), np.uint8)
    labels[16:, 20:44] = Region.HAIR
    layout[16:, 28:36] = Region.HAIR
    layout[40:, 20:28] = Region.SKIN  # not visible in the picture
    picture = np.where((labels == Region.HAIR)[..., None], 20, ramp).astype(np.uint8)
    painted = np.full((SIZE, SIZE, 3), (200, 90, 90), np.float32)
    out = match_surroundings(painted, picture, labels, layout)
    wall = (labels == Region.HAIR) & (layout == Region.BACKGROUND)
    assert np.abs(out - ramp)[wall].mean() < 3 < 0.1 * np.abs(painted - ramp)[wall].mean()
    elsewhere = np.isin(layout, (Region.SKIN, Region.HAIR))
    assert np.array_equal(out[elsewhere], painted[elsewhere])
