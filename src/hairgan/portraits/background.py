"""Backgrounds: a wall, lights out of focus, a room or trees; blurred, and different for each person."""

from __future__ import annotations

import cv2
import numpy as np

from hairgan.portraits.canvas import Canvas
from hairgan.portraits.identity import Identity
from hairgan.randomness import numpy_generator

_CELLS = 128
_BLUR = {"plain": 1.0, "bokeh": 1.2, "room": 3.5, "outdoors": 4.5}  # cells
_GRADIENT = {"plain": 0.25, "bokeh": 0.35, "room": 0.5, "outdoors": 0.45}


def paint_background(canvas: Canvas, person: Identity) -> None:
    """Fill the canvas with the background of a person's scene."""
    scene = person.scene
    rng = numpy_generator(person.noise, "background")
    axis = (np.arange(_CELLS, dtype=np.float32) + 0.5) / _CELLS
    x, y = axis[None, :], axis[:, None]
    first, second = np.array(scene.first, dtype=np.float32), np.array(scene.second, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)
    back = first + (second - first) * (_GRADIENT[scene.background] * ramp)[..., None].astype(np.float32)
    if scene.background == "room":
        for _ in range(int(rng.integers(2, 6))):
            left, top = rng.uniform(-0.2, 0.9), rng.uniform(-0.2, 0.7)
            width, height = rng.uniform(0.08, 0.4), rng.uniform(0.15, 0.9)
            color = (second if rng.random() < 0.5 else first) * rng.uniform(0.55, 1.45)
            low, high = (
                (round(_CELLS * v) for v in (left, top)),
                (round(_CELLS * v) for v in (left + width, top + height)),
            )
            cv2.rectangle(back, tuple(low), tuple(high), [float(v) for v in color], -1)
    if scene.background in ("bokeh", "outdoors"):
        sizes = (0.02, 0.07) if scene.background == "bokeh" else (0.05, 0.16)
        for _ in range(int(rng.integers(14, 40))):
            center, radius = rng.uniform(-0.05, 1.05, 2), rng.uniform(*sizes)
            color = second * rng.uniform(0.8, 1.6) + rng.normal(0, 14, 3)
            spot = np.zeros((_CELLS, _CELLS), dtype=np.uint8)
            place = (round(center[0] * _CELLS * 16), round(center[1] * _CELLS * 16))
            cv2.circle(spot, place, round(radius * _CELLS * 16), 255, -1, cv2.LINE_AA, 4)
            share = np.float32(rng.uniform(0.15, 0.55) / 255)
            back += (color.astype(np.float32) - back) * (spot * share)[..., None]
    back = cv2.GaussianBlur(back, (0, 0), _BLUR[scene.background])
    mottle = cv2.resize(rng.normal(0, 1, (9, 9)), (_CELLS, _CELLS), interpolation=cv2.INTER_CUBIC)
    glow = np.exp(-((x - rng.uniform(0.2, 0.8)) ** 2 + (y - rng.uniform(0.1, 0.6)) ** 2) / 0.25)
    back *= (0.90 + 0.18 * glow + 0.025 * mottle)[..., None].astype(np.float32)
    cv2.resize(np.clip(back, 4, 252), (canvas.side, canvas.side), canvas.image, interpolation=cv2.INTER_LINEAR)
