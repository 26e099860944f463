"""Hats: a beanie, a hat with a brim, a cap with a peak."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import Canvas, Mask, moved, spline
from hairgan.portraits.identity import Identity
from hairgan.portraits.surface import GRID, X, Y, surface
from hairgan.regions import Region

_PLANE = 0.05  # z of the hat's outline
_RIM = {"beanie": 0.250, "brim": 0.215, "cap": 0.225}  # y of the lower edge in front
_TOP = {"beanie": 0.000, "brim": 0.010, "cap": 0.028}
_BRIM = np.array([(0.0, 0.196), (0.25, 0.212), (0.46, 0.285), (0.27, 0.292), (0.0, 0.272)])
_PEAK = np.array([(0.0, 0.216), (0.1, 0.222), (0.205, 0.262), (0.16, 0.302), (0.0, 0.318)])


class Hat:
    """A hat: its shape, the region above its rim, where no hair shows, and how it is painted."""

    def __init__(self, canvas: Canvas, person: Identity) -> None:
        self.canvas, self.person, self.kind = canvas, person, person.accessories.hat
        rim, top, side = _RIM[self.kind], _TOP[self.kind], 0.292 * person.head.width
        self.rim = _symmetric(np.array([(0.0, rim - 0.006), (side * 0.55, rim + 0.012), (side, rim + 0.075)]))
        # square shoulders for the hat with a brim, round ones for the others
        square = 0.93 if self.kind == "brim" else 0.89
        high = top + (0.022 if self.kind == "brim" else 0.030)
        dome = np.array(
            [(0.0, top), (side * 0.52, high), (side * square, top + 0.135), (side, rim - 0.02), (side, rim + 0.075)]
        )
        self.crown = np.concatenate([self.rim, _symmetric(dome)[::-1]])

    def on(self, points: Float[ndarray, "n 2"], z: float = _PLANE) -> Float32[ndarray, "n 2"]:
        return self.canvas.project(points, z)

    def above(self) -> Mask:
        """Everything above the hat's rim, where hair is hidden."""
        edge = self.rim[-1, 1] + 0.4
        sky = np.array([(1.2, edge), (1.2, -1.0), (-1.2, -1.0), (-1.2, edge)])
        return self.canvas.polygon(self.on(np.concatenate([self.rim, sky])))

    def paint(self) -> None:
        canvas = self.canvas
        albedo = np.broadcast_to(np.array(self.person.accessories.cloth, dtype=np.float32), (GRID, GRID, 3)).copy()
        if self.kind == "beanie":  # ribs
            albedo *= (1 + 0.14 * np.sin(240 * X / (1 + 0.5 * np.abs(Y - 0.3))))[..., None].astype(np.float32)
        dome = np.clip(1 - (X / 0.34) ** 2 - ((Y - 0.32) / 0.36) ** 2, 0.02, 1)
        height = (0.30 * np.sqrt(dome)).astype(np.float32)
        layer = surface(canvas, self.person.scene, height, albedo, 0.1, skin=False)
        canvas.shade(canvas.lines([self.on(moved(self.rim, 0.0, 0.016))], 0.03, 0.012), 0.62)
        mask = canvas.polygon(self.on(self.crown))
        canvas.paint(mask, layer, Region.HAT)
        if self.kind == "beanie":
            fold = moved(self.rim, 0.0, -0.085)
            cuff = canvas.polygon(self.on(np.concatenate([self.rim, fold[::-1]]))).clip(mask)
            canvas.shade(cuff, 1.12)
            canvas.shade(canvas.lines([self.on(fold)], 0.006, 0.004).clip(mask), 0.6)
        elif self.kind == "brim":
            band = np.concatenate([self.rim, moved(self.rim, 0.0, -0.062)[::-1]])
            canvas.shade(canvas.polygon(self.on(band)).clip(mask), 0.45)
            self._paint_brim(_BRIM, 0.18, layer)
        else:
            seam = spline(np.array([(0.0, 0.02), (0.01, 0.12), (0.0, 0.22)]), 6)
            canvas.shade(canvas.lines([self.on(seam)], 0.003, 0.002).clip(mask), 0.7)
            self._paint_brim(_PEAK, 0.34, layer)

    def _paint_brim(self, half: Float[ndarray, "n 2"], z: float, layer: Float32[ndarray, "s s 3"]) -> None:
        canvas = self.canvas
        brim = spline(np.concatenate([half, half[-2:0:-1] * (-1, 1)]), 8, closed=True)
        canvas.shade(canvas.polygon(self.on(moved(brim, 0.0, 0.026), z), blur=0.014), 0.62)
        mask = canvas.polygon(self.on(brim, z))
        canvas.paint(mask, layer * np.float32(0.86), Region.HAT)
        lit = canvas.lines([self.on(moved(brim, 0.0, -0.003), z)], 0.004, 0.002)
        canvas.light(lit.clip(mask), 14.0)


def _symmetric(half: Float[ndarray, "n 2"]) -> Float[ndarray, "m 2"]:
    """A curve from left to right through `half`, which starts on the middle line, and its mirror image."""
    return spline(np.concatenate([half[:0:-1] * (-1, 1), half]), 8)
