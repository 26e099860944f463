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
    "blond": "#ac8b67",
    "blonde": "#ac8b67",
    "platinum": "#d3c3a6",
    "grey": "#8d8985",
    "gray": "#8d8985",
    "silver": "#b5b3b2",
    "white": "#dcdad6",
    "blue": "#2a4d9e",
    "green": "#3f7a4c",
    "purple": "#5f3a86",
    "pink": "#c76a8f",
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


TONES = 16
"""Groups of pixels, from the darkest to the lightest, whose colors describe hair in light and shade."""


@dataclass(frozen=True, eq=False)
class LabColor:
    """The color of hair in Lab."""

    mean: Float[ndarray, " 3"]
    spread: Float[ndarray, " 3"] | None = None
    """Standard deviation of the pixels; None in a wanted color that is only a color."""
    tones: Float[ndarray, "tones 3"] | None = None
    """Mean colors of equally large groups of pixels, from the darkest to the lightest; None as for `spread`."""


def hair_color(image: Float32[ndarray, "h w 3"] | UInt8[ndarray, "h w 3"], hair: Bool[ndarray, "h w"]) -> LabColor:
    """The color of the hair in an image, measured away from its edge where there is enough of it."""
    lab = _inner_pixels(image, hair)
    return LabColor(lab.mean(axis=0, dtype=np.float64), lab.std(axis=0, dtype=np.float64), _tones(lab))


def mean_color(
    image: Float32[ndarray, "h w 3"] | UInt8[ndarray, "h w 3"], hair: Bool[ndarray, "h w"]
) -> Float[ndarray, " 3"]:
    """The mean of `hair_color`."""
    return _inner_pixels(image, hair).mean(axis=0, dtype=np.float64)


def _inner_pixels(
    image: Float32[ndarray, "h w 3"] | UInt8[ndarray, "h w 3"], hair: Bool[ndarray, "h w"]
) -> Float32[ndarray, "n 3"]:
    """The hair's pixels in Lab, without its edge where there is enough of it."""
    inner = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    return rgb_to_lab(image[inner if inner.sum() >= MIN_INNER else hair].astype(np.float32))


def _tones(lab: Float32[ndarray, "n 3"]) -> Float[ndarray, "tones 3"]:
    ordered = lab[np.argsort(lab[:, 0], kind="stable")].astype(np.float64)
    sums = np.concatenate([np.zeros((1, 3)), ordered.cumsum(axis=0)])
    edges = np.linspace(0, len(lab), TONES + 1).round().astype(int)
    first, last = np.minimum(edges[:-1], len(lab) - 1), np.maximum(edges[1:], edges[:-1] + 1).clip(max=len(lab))
    return (sums[last] - sums[first]) / (last - first)[:, None]


def spread_factors(now: LabColor, wanted: LabColor) -> Float[ndarray, " 3"]:
    """Factors from one spread in Lab to another, 0.5 to 1.5: larger ones would amplify noise."""
    if now.spread is None or wanted.spread is None:
        return np.ones(3)
    return np.clip(wanted.spread / np.maximum(now.spread, 1e-3), 0.5, 1.5)
