"""Flowers and leaves behind the head and in front of the hair. They are labeled as background."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.canvas import Canvas, Mask
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_PETALS = np.array(
    [(205, 25, 30), (235, 60, 45), (120, 10, 30), (232, 120, 150), (245, 205, 90), (240, 236, 228), (225, 130, 60),
     (140, 90, 180), (190, 150, 120)], dtype=np.float64,
)  # fmt: skip
_LEAVES = np.array([(45, 80, 35), (80, 110, 50), (30, 50, 30), (110, 120, 60), (95, 70, 40)], dtype=np.float64)

Layer = UInt8[ndarray, "side side 4"]


def paint_flowers_behind(canvas: Canvas, noise: int) -> None:
    """Paint groups of flowers and leaves beside the head, for a picture that has a background only."""
    rng = numpy_generator(noise, "hard/flowers behind")
    layer = np.zeros((canvas.side, canvas.side, 4), dtype=np.uint8)
    petals, leaves = _hue(rng, _PETALS), _hue(rng, _LEAVES)
    large, share = float(rng.uniform(0.03, 0.11)), float(rng.uniform(0.2, 1.0))
    for side in rng.choice([-1, 1], int(rng.integers(1, 3)), replace=False):
        high, low = np.sort(rng.uniform(0.0, 1.1, 2))
        for _ in range(int(rng.integers(12, 55))):
            center = np.array([0.5 + side * rng.uniform(0.17, 0.56), rng.uniform(high, max(low, high + 0.25))])
            if rng.random() < share:
                _flower(layer, rng, center, large * float(rng.uniform(0.6, 1.2)), petals)
            else:
                _leaf(layer, rng, center, large * float(rng.uniform(0.6, 2.0)), leaves)
    _blend(canvas, layer, float(np.exp(rng.uniform(np.log(0.0006), np.log(0.012)))), None)


def paint_roses_behind(canvas: Canvas, rng: np.random.Generator, tone: Float32[ndarray, "3"]) -> None:
    """Paint a bush of roses of one color beside the head, for a picture that has a background only."""
    layer = np.zeros((canvas.side, canvas.side, 4), dtype=np.uint8)
    large, wide, high = float(rng.uniform(0.03, 0.09)), float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.1, 0.45))
    center = np.array([0.5 + rng.choice([-1, 1]) * rng.uniform(0.15, 0.5), rng.uniform(0.1, 1.0)])
    for _ in range(int(min(5 * wide * high / large**2, 90))):
        place = center + np.array([rng.uniform(-wide, wide), rng.uniform(-high, high)])
        if rng.random() < 0.9:
            _flower(layer, rng, place, large * float(rng.uniform(0.7, 1.3)), tone)
        else:
            _leaf(layer, rng, place, large * float(rng.uniform(0.6, 1.5)), _hue(rng, _LEAVES))
    _blend(canvas, layer, float(np.exp(rng.uniform(np.log(0.0006), np.log(0.01)))), None)


def paint_flowers_in_front(canvas: Canvas, noise: int) -> None:
    """Paint one to five flowers with leaves over the edge of the hair, for a picture that has its hair."""
    rng = numpy_generator(noise, "hard/flowers in front")
    hair = (canvas.labels == Region.HAIR).astype(np.uint8)
    rows, columns = np.nonzero(cv2.morphologyEx(hair, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)))
    away = np.hypot(columns / canvas.size - 0.5, (rows / canvas.size - 0.62) * 0.8) > 0.24  # not on the face
    if away.sum() < 10:
        return
    rows, columns = rows[away], columns[away]
    layer = np.zeros((canvas.side, canvas.side, 4), dtype=np.uint8)
    petals, leaves = _hue(rng, _PETALS), _hue(rng, _LEAVES)
    large, first = float(rng.uniform(0.03, 0.085)), int(rng.integers(len(rows)))
    start = np.array([columns[first], rows[first]]) / canvas.size
    for _ in range(int(rng.integers(1, 6))):
        center = start + rng.normal(0, 1.1 * large, 2)
        for _ in range(int(rng.integers(0, 4))):
            _leaf(layer, rng, center + rng.normal(0, 0.8 * large, 2), large * float(rng.uniform(0.7, 1.4)), leaves)
        _flower(layer, rng, center, large * float(rng.uniform(0.7, 1.2)), petals)
    _blend(canvas, layer, 0.001, Region.BACKGROUND)


def _hue(rng: np.random.Generator, tones: ndarray) -> Float32[ndarray, "3"]:
    tone: ndarray = tones[int(rng.integers(len(tones)))] * np.exp(rng.normal(0, 0.15, 3)) * np.exp(rng.normal(0, 0.25))
    return np.clip(tone, 4, 250).astype(np.float32)


def _flower(layer: Layer, rng: np.random.Generator, center: ndarray, radius: float, hue: ndarray) -> None:
    """Rings of petals from the outside to the inside; each petal has a dark edge below it."""
    side = len(layer)
    hue = hue * np.exp(rng.normal(0, 0.12))
    turn, count = float(rng.uniform(0, 2 * np.pi)), int(rng.integers(5, 8))
    for ring, reach in enumerate((0.72, 0.48, 0.26, 0.1)):
        for petal in range(count):
            angle = turn + 2 * np.pi * (petal + 0.5 * ring) / count + float(rng.normal(0, 0.12))
            place = center + reach * radius * np.array([np.cos(angle), np.sin(angle)])
            wide = radius * (0.52 - 0.09 * ring) * float(rng.uniform(0.85, 1.15))
            axes = np.array([0.75 * wide, wide])
            bright = float(rng.uniform(0.75, 1.15)) * (1.0 - 0.10 * ring) * (1 - 0.18 * np.sin(angle))
            for grow, factor in ((1.08, 0.5), (1.0, 1.0)):
                _ellipse(layer, side, place, axes * grow, np.rad2deg(angle), hue * bright * factor)


def _leaf(layer: Layer, rng: np.random.Generator, center: ndarray, length: float, hue: ndarray) -> None:
    side, angle = len(layer), float(rng.uniform(0, 180))
    tone = hue * np.exp(rng.normal(0, 0.3))
    axes = np.array([length, length * float(rng.uniform(0.2, 0.5))])
    _ellipse(layer, side, center, axes, angle, tone)
    _ellipse(layer, side, center, axes * (0.95, 0.12), angle, tone * float(rng.uniform(0.6, 1.4)))


def _ellipse(layer: Layer, side: int, center: ndarray, axes: ndarray, degrees: float, tone: ndarray) -> None:
    red, green, blue = (float(v) for v in np.clip(tone, 0, 250))
    place = (round(float(center[0]) * side), round(float(center[1]) * side))
    half = (max(1, round(float(axes[0]) * side)), max(1, round(float(axes[1]) * side)))
    cv2.ellipse(layer, place, half, degrees, 0, 360, (red, green, blue, 255), -1, cv2.LINE_AA)


def _blend(canvas: Canvas, layer: Layer, blur: float, label: int | None) -> None:
    """Lay a drawn layer over the canvas, out of focus by `blur` picture widths."""
    alpha = layer[..., 3].astype(np.float32) / 255
    sigma = max(blur * canvas.side, 0.4)
    soft = cv2.GaussianBlur(layer.astype(np.float32), (0, 0), sigma)
    color = soft[..., :3] / np.maximum(soft[..., 3:], 1) * 255
    covered = Mask(cv2.GaussianBlur(alpha, (0, 0), sigma), 0, 0)
    canvas.paint(covered, np.clip(color, 0, 250).astype(np.float32), label)
