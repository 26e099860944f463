"""Skin of the head, ears and nose; eyes, mouth, brows and beard are in other files."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import Canvas, Mask, disc, moved, spline
from hairgan.portraits.head import NOSE_Y, HeadShape, skin_color
from hairgan.portraits.identity import Identity
from hairgan.portraits.surface import light_color, surface
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

EAR_X, EAR_Y, EAR_Z = 0.245, 0.540, -0.03
SIDES = ((1, Region.L_EAR, Region.L_BROW, Region.L_EYE), (-1, Region.R_EAR, Region.R_BROW, Region.R_EYE))
"""Sign of x in the picture, and the regions there: the subject's left is on the picture's right."""


class Face:
    """One person's face: what all functions that paint its parts use.

    Attributes:
        base: color of the skin.
        light: color of the key light, around 1.
        skin: lit skin for each canvas pixel.
    """

    def __init__(self, canvas: Canvas, person: Identity, shape: HeadShape) -> None:
        self.canvas, self.person, self.shape = canvas, person, shape
        self.base = np.array(person.skin)
        self.light = light_color(person.scene)
        gloss = 0.55 + 0.3 * person.age
        self.skin: Float32[ndarray, "s s 3"] = surface(
            canvas, person.scene, shape.height, skin_color(person, shape), gloss
        )
        self.outline: Float32[ndarray, "n 2"] = canvas.project(shape.outline)

    def on(self, points: Float[ndarray, "n 2"]) -> Float32[ndarray, "n 2"]:
        """Canvas pixels of points that lie on the face's surface."""
        return self.canvas.project(points, self.shape.depth(points))

    def ear_point(self, points: Float[ndarray, "n 2"], side: int) -> Float32[ndarray, "n 2"]:
        """Canvas pixels of points relative to where an ear of size 1 joins the head."""
        size = self.person.head.ears
        x = side * (EAR_X * self.person.head.width + points[:, 0] * size)
        return self.canvas.project(np.stack([x, EAR_Y + points[:, 1] * size], axis=1), EAR_Z)


def paint_ears(face: Face) -> None:
    """Paint both ears, with the shadow of the head."""
    canvas, scene = face.canvas, face.person.scene
    rim = spline(
        np.array([(-0.007, -0.020), (0.007, -0.066), (0.031, -0.084), (0.052, -0.070), (0.056, -0.035), (0.045, 0.010),
                  (0.036, 0.048), (0.023, 0.075), (0.008, 0.076), (-0.005, 0.050)]), 6, closed=True,
    )  # fmt: skip
    fold = spline(np.array([(0.017, -0.050), (0.033, -0.064), (0.044, -0.050), (0.042, -0.018), (0.031, 0.018)]), 6)
    shell = np.array([(0.011, -0.030), (0.025, -0.038), (0.031, -0.012), (0.023, 0.026), (0.010, 0.032)])
    for side, label, _, _ in SIDES:
        mask = canvas.polygon(face.ear_point(rim, side))
        shade = 0.86 + 0.40 * side * scene.light[0] * scene.key
        canvas.paint(mask, np.clip(face.base * (1.0, 0.93, 0.91) * shade, 0, 255), label)
        canvas.shade(canvas.lines([face.ear_point(fold, side)], 0.007, 0.003), np.array([0.66, 0.54, 0.52]))
        hollow = canvas.polygon(face.ear_point(spline(shell, 6, closed=True), side), blur=0.005)
        canvas.shade(hollow, np.array([0.66, 0.52, 0.50]))
        shadow = canvas.polygon(face.outline, blur=0.012).clip(mask)  # the head's, on the ear
        canvas.shade(shadow, np.array([0.62, 0.54, 0.52]))


def paint_head(face: Face) -> Mask:
    """Paint the skin of the head, and return its mask."""
    mask = face.canvas.polygon(face.outline)
    face.canvas.paint(mask, face.skin, Region.SKIN)
    return mask


def paint_nose(face: Face) -> None:
    """Label the nose, and paint nostrils and creases. Its shape is part of the head's relief."""
    canvas, wide = face.canvas, face.person.nose.width
    tip = NOSE_Y + face.person.nose.length
    half = np.array(
        [(0.018, 0.458), (0.019, 0.530), (0.031, 0.592), (0.052 * wide, tip - 0.036), (0.060 * wide, tip - 0.016),
         (0.052 * wide, tip + 0.001), (0.026 * wide, tip + 0.004), (0.0, tip + 0.012)]
    )  # fmt: skip
    contour = spline(np.concatenate([half, half[-2::-1] * (-1, 1)]), 5)
    canvas.label(canvas.polygon(face.on(contour)), Region.NOSE)
    nostril = np.array(
        [(0.011, tip + 0.001), (0.019, tip - 0.0075), (0.034 * wide, tip - 0.006), (0.037 * wide, tip + 0.001),
         (0.024 * wide, tip + 0.0015)]
    )  # fmt: skip
    wing = np.array([(0.046, -0.038), (0.058, -0.024), (0.058, -0.006), (0.045, 0.001)]) * (wide, 1)
    for side in (-1, 1):
        hole = spline(nostril * (side, 1), 5, closed=True)
        canvas.shade(canvas.polygon(face.on(hole), blur=0.0018), np.array([0.42, 0.27, 0.25]))
        crease = canvas.lines([face.on(moved(spline(wing * (side, 1), 6), 0.0, tip))], 0.0035, 0.0028)
        canvas.shade(crease, np.array([0.62, 0.50, 0.48]))
    under = spline(np.array([(-0.040 * wide, tip + 0.001), (0, tip + 0.011), (0.040 * wide, tip + 0.001)]), 8)
    canvas.shade(canvas.lines([face.on(under)], 0.004, 0.0045), np.array([0.74, 0.64, 0.62]))


def paint_freckles(face: Face) -> None:
    """Paint freckles on nose and cheeks."""
    canvas, person = face.canvas, face.person
    rng = numpy_generator(person.noise, "freckles")
    count = round(110 * person.freckles)
    if not count:
        return
    x, y, radius = rng.normal(0, 0.10, count), rng.normal(0.585, 0.035, count), rng.uniform(0.0012, 0.0030, count)
    spots = [face.on(disc(x[i], y[i], radius[i])) for i in range(count)]
    canvas.shade(canvas.polygon(*spots, blur=0.0012), np.array([0.84, 0.74, 0.68]))
