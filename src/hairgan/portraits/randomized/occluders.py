"""Hands, microphones and other objects in front of people. As in CelebAMask-HQ, they are labeled as background."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from hairgan.portraits.canvas import Canvas, disc, spline
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_PLANE = 0.3


def paint_occluders(canvas: Canvas, person: Identity) -> None:
    """Paint an object in front of about one person in eight."""
    rng = numpy_generator(person.noise, "randomized/occluders")
    draw = rng.random()
    if draw < 0.055:
        _hand(canvas, person, rng)
    elif draw < 0.095:
        _microphone(canvas, rng)
    elif draw < 0.13:
        _blob(canvas, rng)


def _lay(canvas: Canvas, rng: np.random.Generator, contour: Float[ndarray, "n 2"], tone: ndarray, rough: float) -> None:
    points = canvas.project(contour, _PLANE)
    mask = canvas.polygon(points)
    if not mask.alpha.size:
        return
    canvas.shade(canvas.polygon(points + np.float32(0.008 * canvas.side), blur=0.015), 0.75)
    height, width = mask.alpha.shape
    bumpy = 1 + np.float32(rough) * texture(rng, "cloud", width, height, canvas.side / 700)
    soft = mask.blurred(0.012 * canvas.side).alpha
    layer = tone.astype(np.float32) * (bumpy * (0.55 + 0.5 * soft))[..., None]
    canvas.paint(mask, np.clip(layer, 0, 252), Region.BACKGROUND)


def _capsule(start: ndarray, end: ndarray, radius: float) -> Float[ndarray, "n 2"]:
    along = (end - start) / (np.linalg.norm(end - start) + 1e-6)
    angle = np.arctan2(along[1], along[0])
    first, last = (np.linspace(a, a + np.pi, 10) for a in (angle + np.pi / 2, angle - np.pi / 2))
    return np.concatenate(
        [
            start + radius * np.stack([np.cos(first), np.sin(first)], axis=1),
            end + radius * 0.8 * np.stack([np.cos(last), np.sin(last)], axis=1),
        ]
    )


def _hand(canvas: Canvas, person: Identity, rng: np.random.Generator) -> None:
    side = -1.0 if rng.random() < 0.5 else 1.0
    wrist = np.array([side * rng.uniform(0.15, 0.55), 1.15])
    palm = np.array([side * rng.uniform(0.15, 0.32), rng.uniform(0.86, 1.0)])
    tone = np.array(person.skin) * rng.uniform(0.75, 1.1)
    _lay(canvas, rng, _capsule(wrist, palm, 0.085), tone, 0.06)
    aim = np.arctan2(-(0.75 - palm[1]), side * (0.1) - palm[0])
    for finger in range(int(rng.integers(2, 6))):
        angle = aim + (finger - 1.5) * 0.22
        length = rng.uniform(0.10, 0.20)
        root = palm + 0.06 * np.array([np.cos(angle + 0.5 * (finger - 1.5)), -np.sin(angle + 0.5 * (finger - 1.5))])
        tip = root + length * np.array([np.cos(angle), -np.sin(angle)])
        _lay(canvas, rng, _capsule(root, tip, rng.uniform(0.020, 0.028)), tone * rng.uniform(0.92, 1.06), 0.05)


def _microphone(canvas: Canvas, rng: np.random.Generator) -> None:
    x, y = rng.normal(0, 0.12), rng.uniform(0.80, 0.95)
    tone = np.full(3, rng.uniform(15, 120)) * np.exp(rng.normal(0, 0.05, 3))
    radius = rng.uniform(0.045, 0.085)
    foot = np.array([x + rng.normal(0, 0.25), 1.3])
    _lay(canvas, rng, _capsule(np.array([x, y]), foot, 0.5 * radius), tone * 0.8, 0.05)
    _lay(canvas, rng, disc(x, y, radius, rng.uniform(0.9, 1.3)), tone, 0.35)


def _blob(canvas: Canvas, rng: np.random.Generator) -> None:
    """A blob of any color that comes in from an edge."""
    angle = rng.uniform(0, 2 * np.pi)
    center = np.array([0.62 * np.cos(angle), 0.5 + 0.62 * np.sin(angle)])
    around = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radius = rng.uniform(0.08, 0.25) * (1 + 0.2 * rng.normal(0, 1, 14))
    contour = spline(center + radius[:, None] * np.stack([np.cos(around), np.sin(around)], axis=1), 5, closed=True)
    tone = np.clip(rng.uniform(10, 240) * np.exp(rng.normal(0, 0.4, 3)), 0, 250)
    _lay(canvas, rng, contour, tone, float(rng.uniform(0.0, 0.3)))
