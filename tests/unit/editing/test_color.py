"""Colors: names, Lab and transfer."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from hairgan.editing.color import (
    HAIR_COLORS,
    LabColor,
    hair_color,
    lab_to_rgb,
    parse_color,
    recolor,
    rgb_to_lab,
    usual_contrast,
    usual_tones,
)


@pytest.mark.parametrize(
    ("text", "rgb"),
    [("#7a3b1e", (122, 59, 30)), ("teal", (0, 128, 128)), (" Blond", (178, 148, 104)), ("#fff", (255,) * 3)],
)
def test_colors_by_name_and_code(text: str, rgb: tuple[int, ...]) -> None:
    assert parse_color(text).tolist() == list(rgb)


def test_hair_colors_are_known_and_other_texts_refused() -> None:
    assert all(parse_color(name).shape == (3,) for name in HAIR_COLORS)
    for text in ("", "blonde-ish", "#12345", "rgb(１,２,３)"):
        with pytest.raises(ValueError, match="is not a color"):
            parse_color(text)
    for text in ("rgb(999, 0, 0)", "rgb(300%, 0%, 0%)", "hsv(10, 500%, 50%)", "hsl(0, 0%, 900%)"):
        with pytest.raises(ValueError, match="red, green and blue are 0 to 255"):
            parse_color(text)
    with pytest.raises(ValueError, match="transparent"):
        parse_color("#7a3b1e80")
    assert parse_color("rgba(1, 2, 3, 255)").tolist() == [1, 2, 3]


def test_lab_equals_that_of_scikit_image() -> None:
    rgb = np.random.default_rng(0).uniform(0, 255, (5, 7, 3)).astype(np.float32)
    assert np.abs(rgb_to_lab(rgb) - rgb2lab(rgb / 255)).max() < 0.5
    assert np.abs(lab_to_rgb(rgb_to_lab(rgb)) - rgb).max() < 0.5
    assert rgb_to_lab(rgb[0, 0]).shape == (3,)


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
