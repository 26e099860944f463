"""Hair in the shade: at the nape, behind and below the ears, and between the neck and long hair."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from hairgan.portraits.canvas import SUPERSAMPLING, Canvas, disc, spline
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_PLANE = -0.10  # z, behind the ears


class NapeHair:
    """The hair behind neck and ears; each method paints one layer.

    Short hair hangs beside the neck in tufts, sometimes over the collar, or is tied in a low knot. Longer hair closes
    the gap behind the neck.
    """

    def __init__(self, canvas: Canvas, person: Identity, style: Hairstyle) -> None:
        self.canvas, self.person, self.style = canvas, person, style
        rng = self.rng = numpy_generator(style.noise, "hard/nape")
        self.color = np.array(style.color, dtype=np.float32)
        short = style.length == "short"
        self.backed = not short and rng.random() < 0.6
        self.knot = short and not person.male and rng.random() < 0.3
        self.tufts = short and not self.knot and rng.random() < (0.85 if person.male else 0.5)
        self.over_collar = self.tufts and rng.random() < 0.5
        self.brightness = float(rng.uniform(0.2, 0.95))
        self.flare = float(rng.uniform(0.03, 0.09)) if rng.random() < 0.35 else 0.0
        self.depth = float(rng.uniform(0.62, 0.74) if rng.random() < 0.3 else rng.uniform(0.72, 0.95))

    def paint_behind_body(self) -> None:
        """Paint what neck and clothes cover."""
        if self.backed:
            self._backing()
        if self.knot:
            self._low_knot()
        if self.tufts and not self.over_collar:
            self._both_tufts()

    def paint_over_collar(self) -> None:
        """Paint tufts that lie on the collar."""
        if self.over_collar:
            self._both_tufts()

    def _backing(self) -> None:
        wide, low = self.person.head.width, min(self.style.end - 0.04, 1.18)
        half = np.array(
            [(0.0, 0.45), (0.235 * wide, 0.48), (0.23 * wide, 0.65), (0.235, 0.82), (0.23, low), (0.0, low)]
        )
        half[1:5, 0] *= self.rng.uniform(0.86, 1.1)
        self._lay(np.concatenate([spline(half, 4), spline(half, 4)[::-1] * (-1, 1)]), 0.25, 0.6 * self.brightness)

    def _low_knot(self) -> None:
        rng = self.rng
        side = -1.0 if rng.random() < 0.5 else 1.0
        radius = float(rng.uniform(0.06, 0.12))
        x, y = side * float(rng.uniform(0.12, 0.24)), float(rng.uniform(0.62, 0.84))
        outline = disc(x, y, radius, float(rng.uniform(0.7, 1.2)))
        outline = outline + rng.normal(0, 0.05 * radius, outline.shape)
        link = spline(
            np.array([(side * 0.1, 0.45), (side * 0.25, 0.46), (side * 0.25, 0.60), (x, y), (side * 0.1, y)]), 4
        )
        for contour in (link, outline):
            self._lay(contour, float(rng.normal(0, 0.6)), self.brightness)

    def _both_tufts(self) -> None:
        for side in (-1.0, 1.0):
            if self.rng.random() < 0.93:
                self._lay(self._tuft(side), side * float(self.rng.normal(-0.25, 0.3)), self.brightness)

    def _tuft(self, side: float) -> Float[ndarray, "n 2"]:
        """From behind the ear down to ragged tips beside the neck."""
        rng, wide = self.rng, self.person.head.width
        out = float(rng.uniform(0.0, 0.065) + 0.5 * max(self.style.volume - 0.02, 0))
        out += self.flare * float(rng.uniform(0.7, 1.2))
        flick = float(rng.normal(0.012, 0.035))
        low = self.depth + float(rng.normal(0, 0.02))
        curl = 1.2 * self.style.wave * np.sin(rng.uniform(0, 6.3) + np.arange(4) * float(rng.uniform(1.5, 3)))
        y = np.linspace(0.44, low, 4)
        x = np.interp(y, [0.44, 0.58, 0.75, 0.95], [0.25 * wide, 0.255 * wide, 0.235, 0.22]) + out
        outer = np.stack([x + flick * np.linspace(0, 1, 4) ** 2 + curl, y], axis=1)
        count = int(rng.integers(3, 8))
        across = np.linspace(outer[-1, 0], 0.06, 2 * count)[1:]
        ragged = float(rng.uniform(0.01, 0.06))
        tips = low + np.where(np.arange(len(across)) % 2, 0.3, -1.0) * ragged * rng.uniform(0.4, 1.2, len(across))
        inner = np.array([(0.04, 0.50), (0.15, 0.42)])
        contour = np.concatenate([spline(outer, 5), np.stack([across, tips], axis=1), inner])
        return contour * (side, 1)

    def _lay(self, contour: Float[ndarray, "n 2"], angle: float, brightness: float) -> None:
        canvas, rng = self.canvas, self.rng
        mask = canvas.polygon(canvas.project(contour, _PLANE), blur=0.002)
        if not mask.alpha.size:
            return
        if self.over_collar:
            neck = np.repeat(np.repeat(canvas.labels == Region.NECK, SUPERSAMPLING, axis=0), SUPERSAMPLING, axis=1)
            mask.alpha[neck[mask.window]] = 0
        height, width = mask.alpha.shape
        unit = canvas.side / 512
        tone = 0.30 * texture(rng, "strands", width, height, float(rng.uniform(0.9, 2.2)) * unit, angle)
        tone = tone + 0.22 * texture(rng, "cloud", width, height, 0.8 * unit)
        soft = cv2.GaussianBlur(mask.alpha, (0, 0), max(1.0, 0.015 * canvas.side))
        shade = np.clip((0.35 + 0.75 * soft + tone) * brightness, 0.05, 2.0)
        canvas.paint(mask, np.clip(self.color * shade[..., None], 0, 250), Region.HAIR)
