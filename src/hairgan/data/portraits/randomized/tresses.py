"""Hair that the plain hairstyles have not: buns, ponytails, plaits, loose strands."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from hairgan.data.portraits.canvas import Canvas, Mask, spline
from hairgan.data.portraits.hairstyle import Hairstyle
from hairgan.data.portraits.identity import Identity
from hairgan.data.portraits.randomized.textures import texture
from hairgan.data.sampling import numpy_generator
from hairgan.regions import Region


class Tresses:
    """What is worn besides the hairstyle itself; each method paints one layer."""

    def __init__(self, canvas: Canvas, person: Identity, style: Hairstyle) -> None:
        self.canvas, self.person, self.style = canvas, person, style
        g = self.g = numpy_generator(style.noise, "randomized/tresses")
        self.color = np.array(style.color)
        tied = not person.male and style.length == "short" and g.random() < 0.75
        self.bun = tied and g.random() < 0.5
        self.tail = (tied and not self.bun) or (not person.male and style.length == "long" and g.random() < 0.08)

    def _lay(self, contour: Float[ndarray, "n 2"], z: float, angle: float, brightness: float) -> None:
        canvas, g = self.canvas, self.g
        mask = canvas.polygon(canvas.project(contour, z), blur=0.003)
        if not mask.alpha.size:
            return
        height, width = mask.alpha.shape
        unit = canvas.side / 512
        tone = 0.32 * texture(g, "strands", width, height, 1.3 * unit, angle)
        tone += 0.30 * texture(g, "cloud", width, height, 0.8 * unit)
        soft = cv2.GaussianBlur(mask.alpha, (0, 0), max(1.0, 0.02 * canvas.side))  # round: dark at its edges
        tone = np.clip((0.45 + 0.6 * soft + tone) * brightness, 0.08, 2.2)
        canvas.paint(mask, np.clip(self.color.astype(np.float32) * tone[..., None], 0, 250), Region.HAIR)

    def paint_behind(self) -> None:
        """A bun on the crown or behind the head, or hair gathered in the neck."""
        g = self.g
        if self.bun:
            radius, where = float(g.uniform(0.07, 0.15)), float(g.normal(0, 0.6))
            x, y = 0.27 * np.sin(where), 0.40 - (0.33 + 0.35 * radius) * np.cos(where)
            angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            wobble = 1 + 0.08 * g.normal(0, 1, 24)
            contour = np.stack(
                [x + radius * wobble * np.cos(angle), y + 0.85 * radius * wobble * np.sin(angle)], axis=1
            )
            self._lay(spline(contour, 4, closed=True), -0.15, float(g.uniform(-1.2, 1.2)), 0.8)

    def paint_over_shoulder(self) -> None:
        """A ponytail or plait that falls over one shoulder."""
        g = self.g
        if not self.tail:
            return
        side = -1.0 if g.random() < 0.5 else 1.0
        width = float(g.uniform(0.045, 0.10))
        start = np.array([side * g.uniform(0.12, 0.2), 0.72])
        middle = np.array([
            start, (side * g.uniform(0.21, 0.30), 0.86), (side * g.uniform(0.20, 0.34), 1.0),
            (side * g.uniform(0.15, 0.35), 1.35),
        ])  # fmt: skip
        line = spline(middle, 8)
        across = np.gradient(line, axis=0)[:, ::-1] * (1, -1)
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        half = width * np.interp(np.linspace(0, 1, len(line)), [0, 0.2, 1], [0.6, 1.0, 0.9])
        if g.random() < 0.4:  # a plait
            half = half * (1 + 0.22 * np.abs(np.sin(np.linspace(0, 9 * np.pi, len(line)))))
        contour = np.concatenate([line + across * half[:, None], (line - across * half[:, None])[::-1]])
        self._lay(contour, 0.05, float(g.normal(0, 0.25)), 0.95)

    def paint_loose_strands(self) -> None:
        """Single hairs that stick out; too thin for the label map."""
        g, canvas = self.g, self.canvas
        if g.random() < 0.25:
            return
        hair = (canvas.labels == Region.HAIR).astype(np.uint8)
        edge = cv2.morphologyEx(hair, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero(edge)
        count = int(g.integers(6, 50))
        if len(rows) < 50:
            return
        chosen = g.integers(0, len(rows), count)
        start = np.stack([columns[chosen], rows[chosen]], axis=1) * 2.0
        centre = np.array([0.5, 0.55]) * canvas.side
        out = start - centre
        out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-6
        down = g.normal(0, 0.9, (count, 2)) + np.array([0.0, 0.5]) + 0.8 * out
        length = g.uniform(0.02, 0.09, (count, 1)) * canvas.side * canvas.camera.zoom
        bend = g.normal(0, 0.35, (count, 2)) * length
        t = np.linspace(0, 1, 8)[None, :, None]
        curves = start[:, None] + down[:, None] * length[:, None] * t + bend[:, None] * t**2
        tone = self.color * float(g.uniform(0.7, 1.6)) + float(g.uniform(0, 20))
        mask: Mask = canvas.lines([c.astype(np.float32) for c in curves], float(g.uniform(0.0008, 0.0018)))
        canvas.paint(mask, np.clip(tone, 0, 250), opacity=float(g.uniform(0.3, 0.9)))
