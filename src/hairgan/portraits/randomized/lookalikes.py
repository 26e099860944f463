"""What has the color of the hair and is none: roses, fur and curtains behind the head, and ears in its shade."""

from __future__ import annotations

from typing import Literal, cast

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.canvas import Canvas, Mask
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.randomized.flowers import paint_roses_behind
from hairgan.portraits.randomized.identity import clipped_color
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_EARS = (Region.L_EAR, Region.R_EAR)
_SURFACES = ("cloud", "spots", "grain")


def paint_lookalikes_behind(canvas: Canvas, style: Hairstyle, noise: int) -> None:
    """Paint roses or a surface of nearly the hair's color beside the head, for a picture that has a background only."""
    rng = numpy_generator(noise, "hard/lookalikes")
    color = np.array(style.color, dtype=np.float64)
    vivid = color.mean() + (color - color.mean()) * rng.uniform(0.7, 2.4)
    tone = np.array(clipped_color(vivid * np.exp(rng.normal(0.3, 0.4)) * np.exp(rng.normal(0, 0.06, 3))), np.float32)
    if rng.random() < 0.55:
        paint_roses_behind(canvas, rng, tone)
    else:
        _paint_surface(canvas, rng, tone)


def _paint_surface(canvas: Canvas, rng: np.random.Generator, tone: Float32[ndarray, "3"]) -> None:
    """A patch with an outline of hills and valleys, which no strands run along."""
    side = canvas.side
    unit = side / 512
    kind = cast(Literal["cloud", "spots", "grain"], _SURFACES[int(rng.integers(len(_SURFACES)))])
    at = np.linspace(0, 1, side, dtype=np.float32)
    hills = 0.12 * texture(rng, "cloud", side, side, 1.5 * unit)
    center = rng.uniform(0.0, 1.0, 2)
    away = np.hypot(at[None] - np.float32(center[0]), at[:, None] - np.float32(center[1]))
    patch = (away + hills < rng.uniform(0.2, 0.5)).astype(np.float32)
    patch = cv2.GaussianBlur(patch, (0, 0), max(0.5, float(np.exp(rng.uniform(np.log(0.001), np.log(0.02)))) * side))
    relief = 1 + float(rng.uniform(0.05, 0.35)) * texture(rng, kind, side, side, float(rng.uniform(0.5, 2.0)) * unit)
    canvas.paint(Mask(patch, 0, 0), np.clip(tone * relief[..., None], 2, 250).astype(np.float32), None)


def shade_ears(image: Float32[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"], noise: int) -> None:
    """Darken the ears, most where they touch the hair. Changes `image`."""
    rng = numpy_generator(noise, "hard/ears")
    size = len(labels)
    ears = np.isin(labels, _EARS)
    if not ears.any():
        return
    hair = cv2.GaussianBlur((labels == Region.HAIR).astype(np.float32), (0, 0), float(rng.uniform(0.01, 0.04)) * size)
    depth = rng.uniform(0.1, 0.6) + rng.uniform(0.2, 1.0) * hair
    soft = cv2.GaussianBlur(ears.astype(np.float32), (0, 0), 0.6 * size / 256)
    image *= 1 - (soft * depth).clip(0, 0.9)[..., None] * np.array([0.92, 0.98, 1.0], dtype=np.float32)
