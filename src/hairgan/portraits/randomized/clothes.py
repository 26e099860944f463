"""Clothes that plain portraits do not have: patterns, high collars, scarves and ties."""

from __future__ import annotations

import cv2
import numpy as np

from hairgan.portraits.body import Body
from hairgan.portraits.canvas import Mask, moved, spline
from hairgan.portraits.identity import CLOTH_TONES
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region


def paint_clothes_details(body: Body) -> None:
    """Add patterns to the clothes that `paint_clothes` painted, and a collar, scarf or tie over them."""
    rng = numpy_generator(body.person.noise, "randomized/wardrobe")
    if rng.random() < 0.75:
        _pattern(body, rng)
    extra = rng.random()
    tone = CLOTH_TONES[int(rng.integers(len(CLOTH_TONES)))] * np.exp(rng.normal(0, 0.3)) + rng.normal(0, 12, 3)
    tone = np.clip(tone, 4, 252)
    kind = body.person.clothes.kind
    if extra < 0.12:
        paint_collar(body, rng, tone, float(rng.uniform(0.86, 0.97)), 1.02)
    elif extra < 0.20:
        paint_collar(body, rng, tone, float(rng.uniform(0.86, 0.95)), float(rng.uniform(1.15, 1.6)))
    elif extra < 0.42 and kind in ("shirt", "jacket"):
        _tie(body, tone, bow=rng.random() < 0.35)


def _cloth_mask(body: Body) -> Mask | None:
    canvas = body.canvas
    rows = np.flatnonzero((canvas.labels == Region.CLOTH).any(axis=1))
    if not len(rows):
        return None
    part = (canvas.labels[rows[0] :] == Region.CLOTH).astype(np.float32)
    alpha = cv2.resize(part, (canvas.side, 2 * part.shape[0]), interpolation=cv2.INTER_LINEAR)
    return Mask(alpha, 0, 2 * int(rows[0]))


def _pattern(body: Body, rng: np.random.Generator) -> None:
    mask, canvas = _cloth_mask(body), body.canvas
    if mask is None:
        return
    height, width = mask.alpha.shape
    unit = canvas.side / 512
    kind = str(
        rng.choice(
            ["folds", "stripes", "checks", "dots", "print", "knit", "glitter"],
            p=[0.3, 0.14, 0.1, 0.08, 0.16, 0.14, 0.08],
        )
    )
    color = np.clip(CLOTH_TONES[int(rng.integers(len(CLOTH_TONES)))] * np.exp(rng.normal(0, 0.3)), 4, 252)
    if kind == "folds":
        bend = texture(rng, "cloud", width, height, float(rng.uniform(0.4, 2.0)) * unit)
    elif kind in ("knit", "glitter"):
        bend = texture(
            rng, "grain" if kind == "glitter" else "strands", width, height, float(rng.uniform(1.0, 3.0)) * unit
        )
    else:
        bend = texture(rng, "cloud", width, height, 2 * unit)
    strength = {"glitter": rng.uniform(0.2, 0.9), "knit": rng.uniform(0.05, 0.3)}.get(kind, rng.uniform(0.06, 0.25))
    factor = np.clip(1 + np.float32(strength) * bend, 0.1, 3.0)
    canvas.image[mask.window] *= (1 + (factor - 1) * mask.alpha)[..., None]
    if kind not in ("stripes", "checks", "dots", "print"):
        return
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    angle, period = rng.uniform(0, np.pi), rng.uniform(10, 60) * unit
    along = (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32) + 5 * unit * bend
    across = (y * np.cos(angle) - x * np.sin(angle)).astype(np.float32) + 5 * unit * bend
    wave = [np.sin(v * np.float32(2 * np.pi / period)) for v in (along, across)]
    if kind == "stripes":
        share = np.clip(wave[0] * 4 + np.float32(rng.uniform(-3, 1)), 0, 1)
    elif kind == "checks":
        share = 0.5 * (np.clip(wave[0] * 4, 0, 1) + np.clip(wave[1] * 4, 0, 1))
    elif kind == "dots":
        share = np.clip((wave[0] * wave[1] - np.float32(rng.uniform(0.2, 0.6))) * 6, 0, 1)
    else:
        share = np.clip(texture(rng, "spots", width, height, float(rng.uniform(0.6, 2.0)) * unit) * 3, 0, 1)
    target = canvas.image[mask.window]
    lit = np.clip(target.mean(axis=2, keepdims=True) / max(float(np.mean(body.person.clothes.color)), 30.0), 0.2, 1.4)
    target += (color.astype(np.float32) * lit - target) * (share * mask.alpha * np.float32(rng.uniform(0.4, 1.0)))[
        ..., None
    ]


def paint_collar(body: Body, rng: np.random.Generator, tone: np.ndarray, top: float, wide: float) -> None:
    """A turtleneck, or a scarf if `wide` is more than about 1.1."""
    canvas, neck = body.canvas, body.neck
    right = np.array(
        [
            (neck * wide * 1.04, top - 0.02),
            (neck * wide * 1.12, 0.5 * (top + body.top)),
            (neck * wide * 1.3, body.top + 0.01),
        ]
    )
    dip = np.array([(0.0, top + 0.03), (neck * wide * 0.7, top + 0.012)])
    low = np.array([(neck * wide * 0.8, body.top + 0.08), (0.0, body.top + 0.11)])
    half = spline(np.concatenate([dip, right, low]), 6)
    mask = canvas.polygon(body.on(np.concatenate([half, half[::-1] * (-1, 1)])))
    height, width = mask.alpha.shape
    if not mask.alpha.size:
        return
    fold = texture(
        rng,
        "strands",
        width,
        height,
        float(rng.uniform(3, 8)) * canvas.side / 512,
        np.pi / 2 * float(wide > 1.1) + float(rng.normal(0, 0.25)),
    )
    canvas.shade(
        canvas.polygon(body.on(moved(half, 0, -0.01)), body.on(moved(half * (-1, 1), 0, -0.01)), blur=0.012).clip(
            body.skin
        ),
        0.7,
    )
    layer = tone.astype(np.float32) * np.clip(1 + 0.22 * fold, 0.3, 1.6)[..., None]
    canvas.paint(mask, np.clip(layer, 0, 255).astype(np.float32), Region.CLOTH)


def _tie(body: Body, tone: np.ndarray, bow: bool) -> None:
    canvas, top = body.canvas, body.top - 0.005
    if bow:
        right = np.array([(0.0, top - 0.008), (0.075, top - 0.03), (0.082, top + 0.035), (0.0, top + 0.012)])
    else:
        right = np.array(
            [(0.0, top - 0.01), (0.026, top - 0.008), (0.017, top + 0.04), (0.05, top + 0.4), (0.0, top + 0.45)]
        )
    mask = canvas.polygon(body.on(np.concatenate([right, right[::-1] * (-1, 1)])))
    canvas.paint(mask, tone, Region.CLOTH)
    edge = canvas.lines([body.on(right), body.on(right * (-1, 1))], 0.004, 0.003)
    canvas.shade(edge, 0.7)
