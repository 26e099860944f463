"""Color: names and hex codes, and hair color in CIE Lab (D65; L 0 to 100)."""

from __future__ import annotations

import math
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
    "blond": "#b29468",
    "blonde": "#b29468",
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
MAX_CONTRAST = 2.5
"""Largest factor on the differences in lightness within the hair: larger ones would amplify noise."""


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
    inner = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    lab = rgb_to_lab(image[inner if inner.sum() >= MIN_INNER else hair].astype(np.float32))
    return LabColor(lab.mean(axis=0, dtype=np.float64), lab.std(axis=0, dtype=np.float64), _tones(lab))


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


def recolor(
    image: Float32[ndarray, "h w 3"], weight: Float32[ndarray, "h w"], now: LabColor, wanted: LabColor
) -> Float32[ndarray, "h w 3"]:
    """Color transfer by tones: each pixel takes the wanted color of its own place between dark and light.

    So hair that becomes lighter also gets the brighter strands and the depth of light hair, where a shift of its mean
    (Reinhard et al. 2001) leaves it flat.

    Args:
        weight: how much each pixel moves, 0 to 1.
        now: the color of the hair in the image, with its tones.
        wanted: the color it is to have. Without tones it gets the ones that hair of this color usually has.
    """
    assert now.tones is not None
    lab = rgb_to_lab(image)
    from_lightness = np.maximum.accumulate(now.tones[:, 0] + 1e-6 * np.arange(TONES))
    to = _wanted_tones(now, wanted)
    moved = np.stack([np.interp(lab[..., 0], from_lightness, to[:, channel]) for channel in range(3)], axis=-1)
    changed = lab_to_rgb(moved.astype(np.float32))
    return np.where(weight[..., None] > 0, image + weight[..., None] * (changed - image), image)


def _wanted_tones(now: LabColor, wanted: LabColor) -> Float[ndarray, "tones 3"]:
    assert now.tones is not None and now.spread is not None
    contrast = max(float(now.spread[0]), 1e-3)
    if wanted.tones is None or wanted.spread is None:
        usual = usual_contrast(wanted.mean[0])
        half_way = math.sqrt(usual * contrast * usual / usual_contrast(now.mean[0]))  # as lit as the photo's hair is
        return usual_tones(wanted.mean, min(half_way, MAX_CONTRAST * contrast))
    share = min(1.0, MAX_CONTRAST * contrast / max(float(wanted.spread[0]), 1e-3))
    tones = wanted.mean + (wanted.tones - wanted.mean) * share
    tones[:, 0] = tones[:, 0].clip(0, 100)
    return tones


# Light and shade in hair, measured on 56 portrait photographs of CelebA-HQ.
_DARK_HAIR = (-1.03, -0.98, -0.9, -0.8, -0.7, -0.59, -0.47, -0.34, -0.2, -0.04, 0.14, 0.35, 0.61, 0.93, 1.41, 2.61)
_LIGHT_HAIR = (-2.37, -1.55, -1.17, -0.88, -0.61, -0.37, -0.15, 0.07, 0.27, 0.46, 0.64, 0.82, 0.99, 1.15, 1.31, 1.39)
_DARK, _LIGHT = 10.0, 60.0
"""Mean lightness of hair whose tones differ from the mean by these multiples of the standard deviation."""


def usual_contrast(lightness: float) -> float:
    """The usual standard deviation of the lightness within hair of a mean lightness, in Lab."""
    return 8.8 + 0.154 * lightness


def usual_tones(mean: Float[ndarray, " 3"], contrast: float) -> Float[ndarray, "tones 3"]:
    """The tones that hair of a mean color has: few highlights on dark hair, few deep shadows in light hair.

    In the shade, hair loses saturation; the highlights of light hair are nearly white.

    Args:
        mean: in Lab.
        contrast: standard deviation of the lightness.
    """
    light = min(max((mean[0] - _DARK) / (_LIGHT - _DARK), 0), 1)
    shape = (1 - light) * np.array(_DARK_HAIR) + light * np.array(_LIGHT_HAIR)
    lightness = np.clip(mean[0] + contrast * shape, 0, 100)
    lit = lightness / max(float(mean[0]), 1)
    chroma = (1 - np.exp(-2.5 * lit)) * np.minimum(1, (100 - lightness) / max(100 - float(mean[0]), 1)) ** 0.35
    chroma /= max(float(chroma.mean()), 1e-6)
    tones = np.stack([lightness, chroma * mean[1], chroma * mean[2]], axis=1)
    tones[:, 0] += mean[0] - lightness.mean()
    tones[:, 0] = tones[:, 0].clip(0, 100)
    return _displayable(tones)


def _displayable(tones: Float[ndarray, "tones 3"]) -> Float[ndarray, "tones 3"]:
    """Tones with as much of their chroma as sRGB can show at their lightness: clipped ones lose light and shade."""

    def with_chroma(share: Float[ndarray, " tones"]) -> Float[ndarray, "tones 3"]:
        return tones * np.stack([np.ones_like(share), share, share], axis=1)

    def can_be_shown(lab: Float[ndarray, "tones 3"]) -> Bool[ndarray, " tones"]:
        return np.abs(rgb_to_lab(lab_to_rgb(lab.astype(np.float32))) - lab).max(axis=1) < 0.5

    low, high = np.zeros(len(tones)), np.ones(len(tones))
    for _ in range(10):
        half = (low + high) / 2
        fits = can_be_shown(with_chroma(half))
        low, high = np.where(fits, half, low), np.where(fits, high, half)
    return np.where(can_be_shown(tones)[:, None], tones, with_chroma(low))
