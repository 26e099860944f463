"""Color: names and hex codes, and hair color in CIE Lab (D65; L 0 to 100)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray
from PIL import ImageColor

HAIR_COLORS: dict[str, str] = {
    # mean colors of hair in photos, darker and duller than the CSS colors of these names
    "black": "#231d1b",
    "brown": "#4b3527",
    "chestnut": "#5e3a28",
    "auburn": "#6d3320",
    "red": "#8a3f22",
    "ginger": "#a8562b",
    "copper": "#94512f",
    "blond": "#b8935f",
    "blonde": "#b8935f",
    "platinum": "#d3c3a6",
    "grey": "#8d8985",
    "gray": "#8d8985",
    "silver": "#b5b3b2",
    "white": "#dcdad6",
}


def parse_color(text: str) -> UInt8[ndarray, " 3"]:
    """RGB of a hair color (`HAIR_COLORS`), any CSS color name, or a hex code such as `#7a3b1e`.

    Raises:
        ValueError: the text is none of these, is transparent, or has values out of range, as `rgb(999, 0, 0)`.
    """
    try:
        if not text.isascii():  # Pillow would read digits of other scripts
            raise ValueError
        values = ImageColor.getrgb(HAIR_COLORS.get(text.strip().lower(), text.strip()))
    except ValueError as error:
        raise ValueError(
            f"'{text}' is not a color: give a hex code such as #7a3b1e, a CSS name, or one of {', '.join(HAIR_COLORS)}"
        ) from error
    if max(values) > 255 or min(values) < 0:
        raise ValueError(f"'{text}' is not a color: red, green and blue are 0 to 255 (0 to 100 %), here {values}")
    if len(values) > 3 and values[3] < 255:
        raise ValueError(f"'{text}' is transparent; leave the fourth value out")
    return np.array(values[:3], dtype=np.uint8)


MIN_INNER = 50
"""Pixels away from the hair's edge that are enough to measure its color on."""


def rgb_to_lab(image: Float32[ndarray, "*shape 3"]) -> Float32[ndarray, "*shape 3"]:
    """RGB, 0 to 255, to Lab."""
    return cv2.cvtColor(image.reshape(-1, 1, 3) / np.float32(255), cv2.COLOR_RGB2LAB).reshape(image.shape)


def lab_to_rgb(lab: Float32[ndarray, "*shape 3"]) -> Float32[ndarray, "*shape 3"]:
    """Lab to RGB, 0 to 255, clipped."""
    return 255 * cv2.cvtColor(lab.reshape(-1, 1, 3), cv2.COLOR_LAB2RGB).reshape(lab.shape).clip(0, 1)


@dataclass(frozen=True, eq=False)
class LabColor:
    """The color of hair: the mean and the standard deviation of its pixels in Lab."""

    mean: Float[ndarray, " 3"]
    spread: Float[ndarray, " 3"] | None
    """Standard deviation; None in a wanted color to keep the spread that the hair has."""


def hair_color(image: Float32[ndarray, "h w 3"] | UInt8[ndarray, "h w 3"], hair: Bool[ndarray, "h w"]) -> LabColor:
    """The color of the hair in an image, measured away from its edge where there is enough of it."""
    inner = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    lab = rgb_to_lab(image[inner if inner.sum() >= MIN_INNER else hair].astype(np.float32))
    return LabColor(lab.mean(axis=0, dtype=np.float64), lab.std(axis=0, dtype=np.float64))


def spread_factors(now: LabColor, wanted: LabColor) -> Float[ndarray, " 3"]:
    """Factors from one spread in Lab to another, 0.5 to 1.5: larger ones would amplify noise."""
    if now.spread is None or wanted.spread is None:
        return np.ones(3)
    return np.clip(wanted.spread / np.maximum(now.spread, 1e-3), 0.5, 1.5)


def recolor(
    image: Float32[ndarray, "h w 3"], weight: Float32[ndarray, "h w"], now: LabColor, wanted: LabColor
) -> Float32[ndarray, "h w 3"]:
    """Color transfer: move the weighted pixels' mean and spread in Lab (Reinhard et al. 2001).

    Args:
        weight: how much each pixel moves, 0 to 1.
        now: the color of the hair in the image.
        wanted: the color it is to have.
    """
    lab = rgb_to_lab(image)
    moved = (lab - now.mean) * spread_factors(now, wanted) + wanted.mean
    moved[..., 0] = moved[..., 0].clip(0, 100)
    changed = lab_to_rgb(moved.astype(np.float32))
    return np.where(weight[..., None] > 0, image + weight[..., None] * (changed - image), image)
