"""Brows and beard."""

from __future__ import annotations

import numpy as np
from numpy import ndarray

from hairgan.portraits.canvas import moved, spline
from hairgan.portraits.face import SIDES, Face
from hairgan.portraits.head import EYE_Y, beard_density
from hairgan.portraits.surface import GRID
from hairgan.randomness import numpy_generator


def paint_brows(face: Face) -> None:
    """Paint both brows: their shape, then single hairs."""
    canvas, brows = face.canvas, face.person.brows
    rng = numpy_generator(face.person.noise, "brows")
    color = np.array(brows.color)
    y = EYE_Y - brows.height
    middle = spline(
        np.array([(0.046, y + 0.001), (0.070, y - 0.002), (0.105, y - 0.005 - 0.004 * brows.arch),
                  (0.140, y - 0.004 - 0.007 * brows.arch), (0.186, y + 0.010 - brows.slant)]), 8,
    )  # fmt: skip
    along = np.linspace(0, 1, len(middle))
    half = 0.5 * brows.thickness * np.interp(along, [0, 0.12, 0.4, 0.7, 1], [0.55, 0.95, 1.0, 0.72, 0.10])
    tangent = np.gradient(middle, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = tangent[:, ::-1] * (1, -1)
    contour = np.concatenate([middle + normal * half[:, None], (middle - normal * half[:, None])[::-1]])

    count = 90
    for side, _, label, _ in SIDES:
        mirror = np.array([side, 1.0])
        shape = canvas.polygon(face.on(contour * mirror))
        canvas.paint(shape.blurred(canvas.pixels(0.0012)), color, opacity=0.66 * brows.density)
        canvas.label(shape, label)
        position, across = rng.uniform(0, 1, count), rng.uniform(-0.9, 0.75, count)

        def sampled(values: ndarray, at: ndarray = position) -> ndarray:
            return np.stack([np.interp(at, along, values[:, c]) for c in range(2)], axis=1)

        root = sampled(middle) + (across * np.interp(position, along, half))[:, None] * sampled(normal)
        up = np.clip(1.1 - 1.6 * position, -0.25, 1.1) * np.where(across < 0.2, 1, 0.2)
        ahead = sampled(tangent) + up[:, None] * (0.1, -1.0)
        tip = root + ahead * rng.uniform(0.008, 0.016, (count, 1))
        hairs = np.stack([root, tip], axis=1) * mirror
        pixels = face.on(hairs.reshape(-1, 2)).reshape(count, 2, 2)
        canvas.paint(canvas.lines(pixels, 0.0013).clip(shape), color * 0.65, opacity=0.8 * brows.density)


def paint_beard(face: Face) -> None:
    """Paint single hairs over the shaded beard, or the dots of a shaven one. As in CelebAMask-HQ, both remain skin."""
    canvas, beard = face.canvas, face.person.beard
    if beard.kind == "none":
        return
    rng = numpy_generator(face.person.noise, "beard")
    density = beard_density(face.person, face.shape)
    count = 2600 if beard.kind in ("stubble", "full") else 5200
    root = np.stack([rng.uniform(-0.26, 0.26, count), rng.uniform(0.5, 0.95, count)], axis=1)
    cells = np.clip((moved(root, 0.5, 0.0) * GRID).astype(int), 0, GRID - 1)
    root = root[rng.random(count) < density[cells[:, 1], cells[:, 0]] * 1.1]
    length = 0.0045 if beard.kind == "stubble" else 0.015
    down = np.stack([0.9 * root[:, 0] + rng.normal(0, 0.22, len(root)), np.full(len(root), 0.55)], axis=1)
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    tip = root + down * rng.uniform(0.5, 1.2, (len(root), 1)) * length
    inside = canvas.polygon(face.outline)
    opacity = (0.35 if beard.kind == "stubble" else 0.6) * beard.strength
    for third, tone in enumerate((0.55, 0.95, 1.45)):
        ends = np.stack([face.on(root[third::3]), face.on(tip[third::3])], axis=1)
        if len(ends):
            hairs = canvas.lines(ends, 0.0016).clip(inside)
            canvas.paint(hairs, np.clip(np.array(beard.color) * tone, 0, 255), opacity=opacity)
