"""Hands, microphones and things in front of people. CelebAMask-HQ leaves them to the background."""

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
    g = numpy_generator(person.noise, "randomized/occluders")
    draw = g.random()
    if draw < 0.055:
        _hand(canvas, person, g)
    elif draw < 0.095:
        _microphone(canvas, g)
    elif draw < 0.13:
        _thing(canvas, g)


def _lay(canvas: Canvas, g: np.random.Generator, contour: Float[ndarray, "n 2"], tone: ndarray, rough: float) -> None:
    points = canvas.project(contour, _PLANE)
    mask = canvas.polygon(points)
    if not mask.alpha.size:
        return
    canvas.shade(canvas.polygon(points + np.float32(0.008 * canvas.side), blur=0.015), 0.75)
    height, width = mask.alpha.shape
    bumpy = 1 + np.float32(rough) * texture(g, "cloud", width, height, canvas.side / 700)
    soft = mask.blurred(0.012 * canvas.side).alpha
    layer = tone.astype(np.float32) * (bumpy * (0.55 + 0.5 * soft))[..., None]
    canvas.paint(mask, np.clip(layer, 0, 252), Region.BACKGROUND)


def _capsule(start: ndarray, end: ndarray, radius: float) -> Float[ndarray, "n 2"]:
    along = (end - start) / (np.linalg.norm(end - start) + 1e-6)
    angle = np.arctan2(along[1], along[0])
    first, last = (np.linspace(a, a + np.pi, 10) for a in (angle + np.pi / 2, angle - np.pi / 2))
    return np.concatenate([
        start + radius * np.stack([np.cos(first), np.sin(first)], axis=1),
        end + radius * 0.8 * np.stack([np.cos(last), np.sin(last)], axis=1),
    ])  # fmt: skip


def _hand(canvas: Canvas, person: Identity, g: np.random.Generator) -> None:
    side = -1.0 if g.random() < 0.5 else 1.0
    wrist = np.array([side * g.uniform(0.15, 0.55), 1.15])
    palm = np.array([side * g.uniform(0.15, 0.32), g.uniform(0.86, 1.0)])
    tone = np.array(person.skin) * g.uniform(0.75, 1.1)
    _lay(canvas, g, _capsule(wrist, palm, 0.085), tone, 0.06)
    aim = np.arctan2(-(0.75 - palm[1]), side * (0.1) - palm[0])
    for finger in range(int(g.integers(2, 6))):
        angle = aim + (finger - 1.5) * 0.22
        length = g.uniform(0.10, 0.20)
        root = palm + 0.06 * np.array([np.cos(angle + 0.5 * (finger - 1.5)), -np.sin(angle + 0.5 * (finger - 1.5))])
        tip = root + length * np.array([np.cos(angle), -np.sin(angle)])
        _lay(canvas, g, _capsule(root, tip, g.uniform(0.020, 0.028)), tone * g.uniform(0.92, 1.06), 0.05)


def _microphone(canvas: Canvas, g: np.random.Generator) -> None:
    x, y = g.normal(0, 0.12), g.uniform(0.80, 0.95)
    tone = np.full(3, g.uniform(15, 120)) * np.exp(g.normal(0, 0.05, 3))
    radius = g.uniform(0.045, 0.085)
    foot = np.array([x + g.normal(0, 0.25), 1.3])
    _lay(canvas, g, _capsule(np.array([x, y]), foot, 0.5 * radius), tone * 0.8, 0.05)
    _lay(canvas, g, disc(x, y, radius, g.uniform(0.9, 1.3)), tone, 0.35)


def _thing(canvas: Canvas, g: np.random.Generator) -> None:
    """A blob of any colour that comes in from an edge."""
    angle = g.uniform(0, 2 * np.pi)
    centre = np.array([0.62 * np.cos(angle), 0.5 + 0.62 * np.sin(angle)])
    around = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radius = g.uniform(0.08, 0.25) * (1 + 0.2 * g.normal(0, 1, 14))
    contour = spline(centre + radius[:, None] * np.stack([np.cos(around), np.sin(around)], axis=1), 5, closed=True)
    tone = np.clip(g.uniform(10, 240) * np.exp(g.normal(0, 0.4, 3)), 0, 250)
    _lay(canvas, g, contour, tone, float(g.uniform(0.0, 0.3)))
