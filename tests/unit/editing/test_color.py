"""Colors: names, Lab, and the color of hair."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from hairgan.editing.color import (
    HAIR_COLORS,
    lab_to_rgb,
    parse_color,
    rgb_to_lab,
)


@pytest.mark.parametrize(
    ("text", "rgb"),
    [("#7a3b1e", (122, 59, 30)), ("teal", (0, 128, 128)), (" Blond", (172, 139, 103)), ("#fff", (255,) * 3)],
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
