"""Tones: light and shade within hair, and how a dye moves them.

A dye gives each tone of the hair, from its deepest shadow to its highlights, the wanted hair's color at the same place.
Very dark hair has so few levels that this would amplify their noise, so single strands are amplified up to a limit, and
the rest of the depth goes to the smooth shading that they lie on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

from hairgan.editing.color import TONES, LabColor, lab_to_rgb, rgb_to_lab

MAX_CONTRAST = 2.5
"""Largest factor on the differences in lightness within the hair."""
MAX_STRANDS, MAX_SHADING = 3.0, 8.0
"""Largest factors on the differences in lightness between strands and between parts of the hair."""
SHADING = 1 / 64
"""Standard deviation of the blur that leaves the hair's shading, as a share of the picture's side."""
NOISE_WINDOW = 5
"""Side in pixels of the windows in which noise is measured and removed."""
NOISE_QUANTILE = 0.1
"""The calmest part of the hair, whose variance counts as noise."""
MAX_NOISE = 0.6
"""Largest standard deviation of lightness that counts as noise."""


def recolor(
    image: Float32[ndarray, "h w 3"],
    weight: Float32[ndarray, "h w"],
    now: LabColor,
    wanted: LabColor,
    hair: Float32[ndarray, "h w 3"] | None = None,
) -> Float32[ndarray, "h w 3"]:
    """Color transfer by tones: each pixel takes the wanted color of its own place between dark and light.

    So hair that becomes lighter also gets the brighter strands and the depth of light hair, where a shift of its mean
    (Reinhard et al. 2001) leaves it flat.

    Args:
        weight: how much each pixel moves, 0 to 1.
        now: the color of the hair in the image, with its tones.
        wanted: the color it is to have. Without tones it gets the ones that hair of this color usually has.
        hair: the color of the part of each pixel that moves, where pixels are mixed; None: the image.
    """
    moved = weight > 0
    colors = (image if hair is None else hair)[moved]
    lightness = np.zeros(weight.shape, np.float32)
    lightness[moved] = rgb_to_lab(colors)[:, 0]
    out = image.copy()
    out[moved] += weight[moved][:, None] * (lab_to_rgb(dyed_by_tones(lightness, weight, now, wanted)[moved]) - colors)
    return out


def dyed_by_tones(
    lightness: Float32[ndarray, "h w"], weight: Float32[ndarray, "h w"], now: LabColor, wanted: LabColor
) -> Float32[ndarray, "h w 3"]:
    """Hair of a lightness, 0 to 100, in the wanted color, in Lab; the other arguments are those of `recolor`."""
    curve = ToneCurve.between(now, wanted)
    lightness = _moved(lightness, weight, curve)
    return np.stack([lightness, *curve.hues(lightness)], axis=-1)


def _moved(
    lightness: Float32[ndarray, "h w"], weight: Float32[ndarray, "h w"], curve: ToneCurve
) -> Float32[ndarray, "h w"]:
    calm = _without_noise(lightness, weight, curve.gain)
    shading = _shading(calm, weight)
    depth = curve(shading, MAX_SHADING) - curve(shading, MAX_STRANDS)
    return (curve(calm, MAX_STRANDS) + depth + lightness - calm).clip(0, 100).astype(np.float32)


def _shading(lightness: Float32[ndarray, "h w"], weight: Float32[ndarray, "h w"]) -> Float32[ndarray, "h w"]:
    """The lightness without strands: blurred within the weight, at a quarter of the size."""
    height, width = lightness.shape
    values = np.stack([lightness * weight, weight], axis=2)
    small = cv2.resize(values, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    total, share = np.moveaxis(cv2.GaussianBlur(small, (0, 0), SHADING * height / 4), 2, 0)
    return cv2.resize(total / np.maximum(share, 1e-3), (width, height), interpolation=cv2.INTER_LINEAR)


def _without_noise(
    lightness: Float32[ndarray, "h w"], weight: Float32[ndarray, "h w"], gain: float
) -> Float32[ndarray, "h w"]:
    """The lightness without noise that a gain would make visible (Wiener filter, in windows)."""
    inside = weight > 0.5 * weight.max()
    if gain <= 1 or not inside.any():
        return lightness
    side = (NOISE_WINDOW, NOISE_WINDOW)
    mean = cv2.blur(lightness, side)
    variance = np.maximum(cv2.blur(lightness * lightness, side) - mean * mean, 1e-4)
    noise = min(float(np.quantile(variance[inside], NOISE_QUANTILE)), MAX_NOISE**2) * (gain * gain - 1)
    kept = np.maximum(variance - noise, 0) / variance
    return mean + kept * (lightness - mean)


@dataclass(frozen=True, eq=False)
class ToneCurve:
    """The tones of hair, and those that it is to have."""

    now: Float[ndarray, " tones"]
    """Lightness, rising."""
    wanted: Float[ndarray, "tones 3"]
    """In Lab, not falling in lightness."""

    @classmethod
    def between(cls, now: LabColor, wanted: LabColor) -> ToneCurve:
        """The curve from the color of hair, with its tones, to a wanted one."""
        assert now.tones is not None and now.spread is not None
        contrast = max(float(now.spread[0]), 1e-3)
        rising = np.maximum.accumulate(now.tones[:, 0]) + 1e-3 * np.arange(TONES)
        if wanted.tones is None or wanted.spread is None:
            usual = usual_contrast(wanted.mean[0])
            as_lit = usual * contrast / usual_contrast(now.mean[0])  # as the photo's hair is
            reached = min(math.sqrt(usual * as_lit), MAX_CONTRAST * contrast)
            return cls(rising, usual_tones(wanted.mean, reached, now.tones[:, 0]))
        share = min(1.0, MAX_CONTRAST * contrast / max(float(wanted.spread[0]), 1e-3))
        tones = wanted.mean + (wanted.tones - wanted.mean) * share
        tones[:, 0] = tones[:, 0].clip(0, 100)
        return cls(rising, tones)

    @property
    def gain(self) -> float:
        """The mean factor on differences in lightness."""
        return float(self.wanted[:, 0].std() / max(self.now.std(), 1e-3))

    def __call__(self, lightness: Float32[ndarray, "h w"], steepest: float) -> Float32[ndarray, "h w"]:
        """Lightness moved along the curve, whose mean stays where its slope is limited to the steepest."""
        steps = np.minimum(np.diff(self.wanted[:, 0]), steepest * np.diff(self.now))
        moved = np.concatenate([[0], steps.cumsum()])
        moved += self.wanted[:, 0].mean() - moved.mean()
        slope = (moved[-1] - moved[-4]) / (self.now[-1] - self.now[-4])
        darkest, lightest = max(moved[0] - self.now[0], 0), moved[-1] + min(slope, 1) * (100 - self.now[-1])
        return np.interp(lightness, [-1, *self.now, 101], [darkest, *moved, lightest]).astype(np.float32)

    def hues(self, lightness: Float32[ndarray, "*n"]) -> tuple[Float32[ndarray, "*n"], Float32[ndarray, "*n"]]:
        """a and b of hair of the wanted color at lightnesses that it was given."""
        rising = np.maximum.accumulate(self.wanted[:, 0]) + 1e-3 * np.arange(TONES)
        a, b = (np.interp(lightness, rising, self.wanted[:, channel]).astype(np.float32) for channel in (1, 2))
        return a, b


# Light and shade in hair, measured on 56 portrait photographs of CelebA-HQ.
_DARK_HAIR = (-1.03, -0.98, -0.9, -0.8, -0.7, -0.59, -0.47, -0.34, -0.2, -0.04, 0.14, 0.35, 0.61, 0.93, 1.41, 2.61)
_LIGHT_HAIR = (-2.37, -1.55, -1.17, -0.88, -0.61, -0.37, -0.15, 0.07, 0.27, 0.46, 0.64, 0.82, 0.99, 1.15, 1.31, 1.39)
_DARK, _LIGHT = 10.0, 60.0
"""Mean lightness of hair whose tones differ from the mean by these multiples of the standard deviation."""
OWN_SHAPE = 0.35
"""How much of the distribution of light and shade stays the photo's own, whatever hair of the color usually has."""
BRIGHT = 70.0
"""Lightness above which highlights are compressed; at least `ABOVE_MEAN` more than the mean."""
ABOVE_MEAN = 10.0
HIGHLIGHTS = 0.73
"""Share of the lightness above it that compressed highlights use."""
TURN = 12.0
"""Degrees of hue by which natural hair turns to red where its lightness is 1/e of the mean; to yellow in light."""
NATURAL_HUES = (0.0, 25.0, 95.0, 115.0)
"""Hue angles in Lab of natural hair are from the second to the third; outside the first and the last none are."""


def usual_contrast(lightness: float) -> float:
    """The usual standard deviation of the lightness within hair of a mean lightness, in Lab."""
    return 8.8 + 0.154 * lightness


def usual_tones(
    mean: Float[ndarray, " 3"], contrast: float, own: Float[ndarray, " tones"] | None = None
) -> Float[ndarray, "tones 3"]:
    """The tones that hair of a mean color has: few highlights on dark hair, few deep shadows in light hair.

    In the shade hair loses saturation, and natural hair turns from yellow to brown; highlights of light hair are nearly
    white.

    Args:
        mean: in Lab.
        contrast: standard deviation of the lightness.
        own: lightness of the tones of the hair that is to have them, whose distribution they keep in part.
    """
    light = min(max((mean[0] - _DARK) / (_LIGHT - _DARK), 0), 1)
    shape = (1 - light) * np.array(_DARK_HAIR) + light * np.array(_LIGHT_HAIR)
    if own is not None and own.std() > 1e-3:
        shape = (1 - OWN_SHAPE) * shape + OWN_SHAPE * (own - own.mean()) / own.std()
        shape /= shape.std()
    lightness = np.clip(mean[0] + contrast * shape, 0, 100)
    bright = max(BRIGHT, float(mean[0]) + ABOVE_MEAN)
    room = max(HIGHLIGHTS * (100 - bright), 1.0)
    lightness = np.where(lightness > bright, bright + room * np.tanh((lightness - bright) / room), lightness)
    lightness = np.clip(lightness + mean[0] - lightness.mean(), 0, 100)
    lit = lightness / max(float(mean[0]), 1)
    chroma = (1 - np.exp(-2.5 * lit)) * np.minimum(1, (100 - lightness) / max(100 - float(mean[0]), 1)) ** 0.35
    chroma *= np.hypot(mean[1], mean[2]) / max(float(chroma.mean()), 1e-6)
    hue = _hues(math.degrees(math.atan2(mean[2], mean[1])), lit)
    return _displayable(np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1))


def _hues(mean: float, lit: Float[ndarray, " tones"]) -> Float[ndarray, " tones"]:
    """Hue angles in radians of tones of a mean hue in degrees; `lit` is their lightness as a multiple of the mean."""
    natural = float(np.interp(mean, NATURAL_HUES, (0, 1, 1, 0)))
    turned = mean + natural * TURN * np.log(lit.clip(0.1, 3))
    lowest, highest = min(mean, NATURAL_HUES[1]), max(mean, 88.0)
    return np.radians(turned.clip(lowest, highest) if natural else turned)


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
