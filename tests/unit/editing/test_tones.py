"""Tones: color transfer, and the light and shade of dyed hair."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.editing.color import LabColor, hair_color, lab_to_rgb, parse_color, rgb_to_lab
from hairgan.editing.tones import recolor, usual_contrast, usual_tones


def hue(lab: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))


def test_recoloring_gives_what_is_weighted_the_tones_of_other_hair() -> None:
    rng = np.random.default_rng(0)
    picture = (100 + 12 * rng.normal(size=(40, 40, 3))).astype(np.float32)
    hair = np.zeros((40, 40), bool)
    hair[10:30, 10:30] = True
    now = hair_color(picture, hair)
    goal = np.array([55.0, 12.0, 20.0])
    lightness = np.linspace(-12, 12, len(now.tones))[:, None]
    tones = goal + lightness * np.array([1, 0.1, 0.5])  # light parts are yellower
    out = recolor(picture, hair.astype(np.float32), now, LabColor(goal, tones.std(axis=0), tones))
    found = hair_color(out, hair)
    assert found.mean == pytest.approx(goal, abs=0.7)
    assert np.abs(found.tones[1:-1] - tones[1:-1]).max() < 1.5
    assert np.array_equal(out[~hair], picture[~hair])
    half = recolor(picture, 0.5 * hair.astype(np.float32), now, LabColor(goal))
    assert np.linalg.norm(hair_color(half, hair).mean - goal) < 0.65 * np.linalg.norm(now.mean - goal)


@pytest.mark.parametrize(("now", "wanted"), [(12.0, 68.0), (68.0, 12.0)])
def test_lighter_hair_gets_more_contrast_and_darker_hair_less(now: float, wanted: float) -> None:
    rng = np.random.default_rng(0)
    lab = np.stack([now + usual_contrast(now) * rng.normal(size=4000), np.zeros(4000), np.full(4000, 8.0)], axis=-1)
    picture = lab_to_rgb(lab.reshape(40, 100, 3).astype(np.float32))
    hair = np.ones((40, 100), bool)
    before = hair_color(picture, hair)
    after = hair_color(
        recolor(picture, np.ones(hair.shape, np.float32), before, LabColor(np.array([wanted, 2, 20]))), hair
    )
    assert after.mean[0] == pytest.approx(wanted, abs=2)
    expected = min(usual_contrast(wanted), 2.5 * before.spread[0])
    assert after.spread[0] == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("color", ["#0000ff", "#ff00aa", "blue", "auburn"])
def test_no_color_is_so_strong_that_light_and_shade_are_lost(color: str) -> None:
    """Tones that the screen cannot show would all be clipped to the same color."""
    mean = rgb_to_lab(parse_color(color).astype(np.float32)).astype(np.float64)
    tones = usual_tones(mean, usual_contrast(mean[0]))
    shown = rgb_to_lab(lab_to_rgb(tones.astype(np.float32)))
    assert np.abs(shown - tones).max() < 1 and (np.diff(shown[:, 0]) > 0).all()
    lit = tones[len(tones) // 2 :, 1:].mean(axis=0)
    assert lit @ mean[1:] > 0.9 * np.linalg.norm(lit) * np.linalg.norm(mean[1:])  # of the same hue


def test_black_without_contrast_is_black() -> None:
    tones = usual_tones(np.zeros(3), 0.0)
    assert np.array_equal(tones, np.zeros_like(tones))


def test_shadows_of_blond_hair_are_brown_and_not_olive() -> None:
    mean = rgb_to_lab(parse_color("blond").astype(np.float32)).astype(np.float64)
    angles = hue(usual_tones(mean, usual_contrast(mean[0])))
    assert (np.diff(angles) >= 0).all()
    assert angles[0] < hue(mean) - 10 and angles[-1] > hue(mean)
    blue = rgb_to_lab(parse_color("blue").astype(np.float32)).astype(np.float64)
    assert np.ptp(hue(usual_tones(blue, usual_contrast(blue[0])))) < 1, "other colors keep their hue"


def black_hair(noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Nearly black hair with a lit strand, and noise."""
    rng = np.random.default_rng(0)
    lightness = 2 + noise * rng.normal(size=(96, 96))
    lightness[:, 60:72] += 20
    lab = np.stack([lightness.clip(0), np.zeros((96, 96)), np.zeros((96, 96))], axis=-1)
    return lab_to_rgb(lab.astype(np.float32)), np.ones((96, 96), bool)


def test_the_noise_of_very_dark_hair_is_not_amplified() -> None:
    picture, hair = black_hair(0.5)
    blond = LabColor(np.array([60.0, 7.5, 24.0]))
    dyed = rgb_to_lab(recolor(picture, hair.astype(np.float32), hair_color(picture, hair), blond))[..., 0]
    before = rgb_to_lab(picture)[..., 0]
    calm, strand = np.s_[10:86, 10:50], np.s_[10:86, 62:70]
    assert dyed[calm].std() < 1.7 * before[calm].std()
    assert dyed[strand].mean() - dyed[calm].mean() > before[strand].mean() - before[calm].mean()


def test_only_the_part_that_is_hair_moves() -> None:
    """Half of each pixel is black hair, half is white."""
    rng = np.random.default_rng(0)
    hair = lab_to_rgb(np.stack([15 + 5 * rng.normal(size=(40, 40)), *np.zeros((2, 40, 40))], -1).astype(np.float32))
    now, half = hair_color(hair, np.ones((40, 40), bool)), np.full((40, 40), 0.5, np.float32)
    wanted = LabColor(np.array([60.0, 7.5, 24.0]))
    mixed = recolor((hair + 255) / 2, half, now, wanted, hair)
    pure = recolor(hair, 2 * half, now, wanted)
    np.testing.assert_allclose(mixed, (pure + 255) / 2, atol=3)
