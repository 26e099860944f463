"""Hair that plain hairstyles do not have: buns, ponytails, braids, loose strands."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from hairgan.portraits.canvas import SUPERSAMPLING, Canvas, Mask, fixed_point, spline
from hairgan.portraits.hair import Hair
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.hat import Hat
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region


class ThinnedHair(Hair):
    """A hairstyle with fewer and wider locks: faster to draw, and with more varied textures."""

    def __init__(self, canvas: Canvas, person: Identity, style: Hairstyle, hat: Hat | None) -> None:
        low, high = (0.65, 0.9) if style.length == "short" else (0.35, 0.75)
        density = float(numpy_generator(style.noise, "randomized/thinned").uniform(low, high))
        super().__init__(canvas, person, style, hat, density)

    def _cast_shadow(self, mask: Mask, receivers: list[Mask]) -> None:
        """Computed at half the canvas's resolution, which is faster and enough for soft shadows."""
        canvas, light = self.canvas, self.person.scene.light
        size = canvas.size

        def halved(layer: Mask) -> Float32[ndarray, "s s"]:
            out = np.zeros((size, size), dtype=np.float32)
            if layer.alpha.size:
                rows, columns = (slice(s.start // SUPERSAMPLING, s.stop // SUPERSAMPLING) for s in layer.window)
                shape = (columns.stop - columns.start, rows.stop - rows.start)
                out[rows, columns] = cv2.resize(layer.alpha, shape, interpolation=cv2.INTER_AREA)
            return out

        lit, hair = np.maximum.reduce([halved(receiver) for receiver in receivers]), halved(mask)
        factor = np.ones((size, size, 3), dtype=np.float32)
        unit = canvas.pixels(1.0) / SUPERSAMPLING
        for far, blur, strength in ((0.026, 0.014, 0.42), (0.008, 0.005, 0.30)):
            shift = np.array([-1.2 * far * light[0], far * (0.5 - light[1])]) * unit
            move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float32)
            shadow = cv2.GaussianBlur(cv2.warpAffine(hair, move, (size, size)), (0, 0), blur * unit) * lit
            factor *= 1 - shadow[..., None] * np.array([0.66, 0.86, 0.90], dtype=np.float32) * np.float32(strength)
        cv2.multiply(canvas.image, cv2.resize(factor, (canvas.side, canvas.side)), canvas.image)


class TiedHair:
    """A bun, ponytail or braid; each method paints one layer."""

    def __init__(self, canvas: Canvas, person: Identity, style: Hairstyle) -> None:
        self.canvas, self.person, self.style = canvas, person, style
        rng = self.rng = numpy_generator(style.noise, "randomized/tresses")
        self.color = np.array(style.color)
        tied = not person.male and style.length == "short" and rng.random() < 0.75
        self.bun = tied and rng.random() < 0.5
        self.tail = (tied and not self.bun) or (not person.male and style.length == "long" and rng.random() < 0.08)

    def _lay(self, contour: Float[ndarray, "n 2"], z: float, angle: float, brightness: float) -> None:
        canvas, rng = self.canvas, self.rng
        mask = canvas.polygon(canvas.project(contour, z), blur=0.003)
        if not mask.alpha.size:
            return
        height, width = mask.alpha.shape
        unit = canvas.side / 512
        tone = 0.32 * texture(rng, "strands", width, height, 1.3 * unit, angle)
        tone += 0.30 * texture(rng, "cloud", width, height, 0.8 * unit)
        soft = cv2.GaussianBlur(mask.alpha, (0, 0), max(1.0, 0.02 * canvas.side))  # round: dark at its edges
        tone = np.clip((0.45 + 0.6 * soft + tone) * brightness, 0.08, 2.2)
        canvas.paint(mask, np.clip(self.color.astype(np.float32) * tone[..., None], 0, 250), Region.HAIR)

    def paint_behind(self) -> None:
        """Paint a bun on the crown or behind the head."""
        rng = self.rng
        if self.bun:
            radius, where = float(rng.uniform(0.07, 0.15)), float(rng.normal(0, 0.6))
            x, y = 0.27 * np.sin(where), 0.40 - (0.33 + 0.35 * radius) * np.cos(where)
            angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            wobble = 1 + 0.08 * rng.normal(0, 1, 24)
            contour = np.stack(
                [x + radius * wobble * np.cos(angle), y + 0.85 * radius * wobble * np.sin(angle)], axis=1
            )
            self._lay(spline(contour, 4, closed=True), -0.15, float(rng.uniform(-1.2, 1.2)), 0.8)

    def paint_over_shoulder(self) -> None:
        """Paint a ponytail or braid that falls over one shoulder."""
        rng = self.rng
        if not self.tail:
            return
        side = -1.0 if rng.random() < 0.5 else 1.0
        width = float(rng.uniform(0.045, 0.10))
        start = np.array([side * rng.uniform(0.12, 0.2), 0.72])
        middle = np.array([
            start, (side * rng.uniform(0.21, 0.30), 0.86), (side * rng.uniform(0.20, 0.34), 1.0),
            (side * rng.uniform(0.15, 0.35), 1.35),
        ])  # fmt: skip
        line = spline(middle, 8)
        across = np.gradient(line, axis=0)[:, ::-1] * (1, -1)
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        half = width * np.interp(np.linspace(0, 1, len(line)), [0, 0.2, 1], [0.6, 1.0, 0.9])
        if rng.random() < 0.4:  # a braid
            half = half * (1 + 0.22 * np.abs(np.sin(np.linspace(0, 9 * np.pi, len(line)))))
        contour = np.concatenate([line + across * half[:, None], (line - across * half[:, None])[::-1]])
        self._lay(contour, 0.05, float(rng.normal(0, 0.25)), 0.95)


def add_loose_strands(image: Float32[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"], style: Hairstyle) -> None:
    """Draw single hairs around the hair's outline, too thin for the label map. Changes `image`."""
    rng = numpy_generator(style.noise, "randomized/loose strands")
    size = len(labels)
    hair = (labels == Region.HAIR).astype(np.uint8)
    rows, columns = np.nonzero(cv2.morphologyEx(hair, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    if rng.random() < 0.2 or len(rows) < size // 3:
        return
    center = np.array([0.5, 0.55]) * size
    color = image[hair > 0].mean(axis=0)
    ink = np.zeros((size, size), dtype=np.uint8)
    thick = max(1, round(0.003 * size * float(rng.uniform(0.5, 1.2))))
    # a halo of short hairs close to the outline, and a few long ones
    for count, longest, opaque in ((int(rng.integers(60, 320)), 0.05, 0.5), (int(rng.integers(1, 26)), 0.13, 0.8)):
        chosen = rng.integers(0, len(rows), count)
        start = np.stack([columns[chosen], rows[chosen]], axis=1)
        out = (start - center) / (np.linalg.norm(start - center, axis=1, keepdims=True) + 1e-6)
        along = out[:, ::-1] * (-1, 1) * np.sign(out[:, :1])  # down, beside the head
        heading = along * rng.normal(0.6, 0.5, (count, 1)) + out * rng.normal(0.25, 0.3, (count, 1))
        length = rng.uniform(0.2, 1.0, (count, 1)) * longest * size
        bend = rng.normal(0, 0.3, (count, 2)) * length
        t = np.linspace(0, 1, 7)[None, :, None]
        curves = start[:, None] + heading[:, None] * length[:, None] * t + bend[:, None] * t**2
        shade = 255 * float(rng.uniform(0.2, 1.0)) * opaque
        cv2.polylines(ink, list(fixed_point(curves)), False, shade, thick, cv2.LINE_AA, 4)
    tone = np.clip(color * float(rng.uniform(0.7, 1.5)) + float(rng.uniform(0, 20)), 0, 250).astype(np.float32)
    share = cv2.merge([ink * np.float32(1 / 255)] * 3)
    cv2.add(image, cv2.multiply(tone - image, share), image)
