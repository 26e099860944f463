"""Eyes: lids, eyeball, iris, lashes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import Mask, disc, moved, spline
from hairgan.portraits.face import SIDES, Face
from hairgan.portraits.head import EYE_Y

IRIS_RADIUS = 0.0208


def paint_eyes(face: Face) -> None:
    """Paint both eyes."""
    for side, _, _, label in SIDES:
        eye = _Eye(face, side)
        eye.lids()
        eye.ball(label)
        eye.iris()
        eye.shadow_and_rim()
        eye.lashes()


class _Eye:
    """One eye, in coordinates relative to its center with x toward the ear."""

    def __init__(self, face: Face, side: int) -> None:
        self.face, self.canvas, self.side = face, face.canvas, side
        eyes = face.person.eyes
        self.center = np.array([eyes.distance, EYE_Y])
        self.depth = float(face.shape.depth(np.array([[side * eyes.distance, EYE_Y]]))[0])
        width, tilt = eyes.width, eyes.tilt
        self.open = high = eyes.openness * (1 - 0.16 * max(face.person.mouth.smile, 0))
        inner, outer = (-0.50 * width, 0.006), (0.50 * width, -tilt)
        self.upper = spline(
            np.array([inner, (-0.37 * width, -0.26 * high), (-0.16 * width, -0.55 * high), (0.08 * width, -0.60 * high),
                      (0.31 * width, -0.40 * high), outer]), 6,
        )  # fmt: skip
        self.lower = spline(
            np.array([outer, (0.31 * width, 0.27 * high), (0.06 * width, 0.41 * high), (-0.22 * width, 0.35 * high),
                      (-0.42 * width, 0.22 * high), inner]), 6,
        )  # fmt: skip
        self.opening: Mask = self.fill(np.concatenate([self.upper, self.lower[1:-1]]))

    def place(self, points: Float[ndarray, "n 2"]) -> Float32[ndarray, "n 2"]:
        """Canvas pixels."""
        return self.canvas.project((points + self.center) * (self.side, 1), self.depth)

    def fill(self, points: Float[ndarray, "n 2"], blur: float = 0.0) -> Mask:
        return self.canvas.polygon(self.place(points), blur=blur)

    def line(self, points: Float[ndarray, "n 2"], width: float, blur: float) -> Mask:
        return self.canvas.lines([self.place(points)], width, blur)

    def lids(self) -> None:
        """The fold over the eye and the bag under it."""
        rise = np.linspace(0.55, 1.0, len(self.upper) - 2)[:, None] * (0, self.face.person.eyes.crease)
        fold = self.line(moved(self.upper[2:] - rise, 0.0, -0.004), 0.0032, 0.0022)
        self.canvas.shade(fold, np.array([0.60, 0.50, 0.48]))
        bag = self.line(moved(self.lower[4:-3], 0.0, 0.014), 0.004, 0.005)
        self.canvas.shade(bag, 1 - 0.25 * (0.3 + self.face.person.age) * np.array([0.6, 0.8, 0.8]))

    def ball(self, label: int) -> None:
        face, width = self.face, self.face.person.eyes.width
        white = np.array([236, 231, 228]) * (0.62 + 0.44 * face.base.mean() / 255) * face.light
        self.canvas.paint(self.opening, np.clip(white, 0, 250), label)
        tear_duct = self.fill(disc(-0.5 * width, 0.006, 0.13 * width), 0.004)
        self.canvas.shade(tear_duct.clip(self.opening), np.array([0.92, 0.70, 0.68]))
        corner = self.fill(disc(0.5 * width, -face.person.eyes.tilt, 0.17 * width), 0.006)
        self.canvas.shade(corner.clip(self.opening), np.array([0.74, 0.64, 0.64]))

    def iris(self) -> None:
        canvas, eyes, light = self.canvas, self.face.person.eyes, self.face.person.scene.light
        at = np.array([eyes.gaze[0] * self.side, eyes.gaze[1] - 0.09 * self.open])
        color = np.array(eyes.iris)
        for radius, tone, blur in ((1.0, 0.34, 0.0012), (0.86, 0.86, 0.0022), (0.62, 1.18, 0.003)):
            ring = self.fill(disc(at[0], at[1], radius * IRIS_RADIUS), blur).clip(self.opening)
            canvas.paint(ring, np.clip(color * tone + 6, 0, 255))
        far = at + np.array([-0.35 * self.side * light[0], 0.45]) * IRIS_RADIUS  # light gathers opposite the lamp
        canvas.light(self.fill(disc(far[0], far[1], 0.42 * IRIS_RADIUS, 0.6), 0.004).clip(self.opening), color * 0.55)
        canvas.paint(self.fill(disc(at[0], at[1], 0.0088), 0.0008).clip(self.opening), np.array([12, 9, 9]))
        self._gleam = at, np.array([self.side * light[0] * 0.6, -0.42]) * IRIS_RADIUS

    def shadow_and_rim(self) -> None:
        """The upper lid's shadow, the reflected lamp and window, the wet rim."""
        canvas, face = self.canvas, self.face
        shadow = self.line(moved(self.upper, 0.0, 0.003), 0.010, 0.004).clip(self.opening)
        canvas.shade(shadow, np.array([0.40, 0.36, 0.38]))
        at, gleam = self._gleam
        lamp = self.fill(moved(disc(at[0], at[1], 0.0056), *gleam), 0.0008).clip(self.opening)
        canvas.paint(lamp, np.full(3, 252.0), opacity=0.95)
        window = self.fill(moved(disc(at[0], at[1], 0.0035), *(-0.8 * gleam)), 0.002).clip(self.opening)
        canvas.paint(window, np.array([235, 240, 250]), opacity=0.35)
        wet = self.line(moved(self.lower[2:-2], 0.0, 0.0005), 0.0024, 0.0008)
        canvas.paint(wet, face.base * (1.02, 0.82, 0.80), opacity=0.7)
        under = self.line(moved(self.lower[1:-4], 0.0, 0.0022), 0.0020, 0.0015)
        canvas.shade(under, 1 - (0.30 + 0.22 * min(face.person.eyes.lashes, 1.0)) * np.array([0.9, 1.0, 1.0]))

    def lashes(self) -> None:
        canvas, strength, upper = self.canvas, self.face.person.eyes.lashes, self.upper
        along = np.linspace(0, 1, len(upper))
        lid = 0.0016 + 0.0030 * strength * np.interp(along, [0, 0.3, 0.8, 1], [0.1, 0.6, 1.1, 0.9])
        edge = np.concatenate([upper - np.stack([0 * lid, lid], axis=1), moved(upper, 0.0, 0.0009)[::-1]])
        ink = np.array([20, 14, 13]) + 0.10 * self.face.base * (1.2 - min(strength, 1.2))
        canvas.paint(self.fill(edge, 0.0006), ink, opacity=0.62 + 0.3 * min(strength, 1))

        count = 19
        start = np.linspace(0.14, 1.0, count)
        root = np.stack([np.interp(start, along, upper[:, c]) for c in range(2)], axis=1)
        length = (0.005 + 0.009 * strength) * np.interp(start, [0.14, 0.6, 0.9, 1], [0.4, 0.8, 1.0, 0.8])
        length *= 1 + 0.25 * np.sin(np.arange(count) * 2.4)
        lean = np.interp(start, [0.14, 0.45, 1], [-0.5, 0.15, 1.25]) * length
        tip, turn = np.stack([lean, -0.8 * length], axis=1), np.stack([0.75 * lean, -0.12 * length], axis=1)
        t = np.linspace(0, 1, 6)[None, :, None]
        curves = root[:, None] + 2 * t * (1 - t) * turn[:, None] + t**2 * tip[:, None]  # lashes bend upward
        hairs = self.place(curves.reshape(-1, 2)).reshape(count, -1, 2)
        canvas.paint(canvas.lines(hairs, 0.0010), ink, opacity=min(1.0, 0.35 + 0.6 * strength))
