"""The drawing surface: a camera that projects head coordinates, smooth curves, and masks painted over each other.

Head coordinates are picture widths in the CelebA-HQ frame: x to the right with 0 on the middle line, y downward with
0 and 1 at the frame's edges, z toward the viewer with 0 in the plane of the ears. Everything is painted at
`SUPERSAMPLING` times the output size. A layer belongs to a pixel of the label map when it covers half of it or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

SUPERSAMPLING = 2
PIVOT = np.array([0.0, 0.5, 0.2], dtype=np.float32)
"""The point that rotations keep at the center of the picture: between eyes and nose tip, on the surface of the face."""
_FIXED_POINT_BITS = 4  # cv2 draws at 1/16 pixel


@dataclass(frozen=True)
class Camera:
    """Orthographic camera: small head rotations, roll in the picture, zoom and shift."""

    yaw: float  # radians, positive turns the face to the picture's right
    pitch: float  # radians, positive lowers the chin
    roll: float  # radians, positive turns clockwise
    zoom: float  # 1 is the CelebA-HQ frame
    shift_x: float  # picture widths
    shift_y: float

    def projection(self, side: int) -> tuple[Float[ndarray, "3 2"], Float[ndarray, 2]]:
        """Matrix and offset that take head coordinates to pixels of a canvas of `side`, centers at whole numbers."""
        turn = np.array([[np.cos(self.yaw), 0.0], [0.0, 1.0], [np.sin(self.yaw), np.sin(self.pitch)]])
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        matrix = side * self.zoom * turn @ np.array([[cos, sin], [-sin, cos]])
        center = side * (0.5 + np.array([self.shift_x, self.shift_y])) - 0.5
        return matrix, center - PIVOT @ matrix

    def unproject(self, side: int, height: Float32[ndarray, "g g"]) -> Float32[ndarray, "2 side side"]:
        """For each pixel of a canvas of `side`: x and y, in head coordinates, of the surface `height` seen there.

        Args:
            side: canvas size in pixels.
            height: z over the frame, sampled at the centers of a grid of `g` x `g` cells.
        """
        grid = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
        u, v = np.meshgrid(grid - self.shift_x, grid - self.shift_y)
        cos, sin = np.cos(self.roll) / self.zoom, np.sin(self.roll) / self.zoom
        u, v = np.float32(cos) * u + np.float32(sin) * v, np.float32(cos) * v - np.float32(sin) * u + PIVOT[1]
        x, y = u, v
        cells = len(height)
        for _ in range(4):  # the surface moves by less than its distance to the plane: a fixed point, quickly found
            z = cv2.remap(
                height, (x + 0.5) * cells - 0.5, y * cells - 0.5, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
            )
            x = (u - np.float32(np.sin(self.yaw)) * (z - PIVOT[2])) / np.float32(np.cos(self.yaw))
            y = v - np.float32(np.sin(self.pitch)) * (z - PIVOT[2])
        return np.stack([x, y])


@cache
def _catmull_rom(samples: int) -> Float[ndarray, "samples 4"]:
    """Weights of the four points around a span, for places along it."""
    t = np.linspace(0, 1, samples, endpoint=False)
    return 0.5 * np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], axis=1)


def spline(points: Float[ndarray, "n d"], samples: int = 8, closed: bool = False) -> Float[ndarray, "m d"]:
    """A Catmull-Rom curve through `points`, `samples` points per span."""
    count, dimensions = points.shape
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
        count -= 1
    spans = np.stack([padded[i : i + count] for i in range(4)])
    curve = _catmull_rom(samples) @ spans.reshape(4, -1)  # place, span and dimension
    curve = curve.reshape(samples, count, dimensions).swapaxes(0, 1).reshape(-1, dimensions)
    return curve if closed else np.concatenate([curve, points[-1:]])


def moved(points: Float[ndarray, "n 2"], x: float, y: float) -> Float[ndarray, "n 2"]:
    """Points shifted by (x, y)."""
    return points + np.array([x, y])


def disc(x: float, y: float, radius: float, flat: float = 1.0) -> Float[ndarray, "n 2"]:
    """A circle, or an ellipse whose height is `flat` times its width."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + flat * radius * np.sin(angle)], axis=1)


def fixed_point(points: Float[ndarray, "*n 2"]) -> ndarray:
    """Pixel coordinates as cv2 expects them with `shift=_FIXED_POINT_BITS`."""
    return np.rint(points * (1 << _FIXED_POINT_BITS)).astype(np.int32)


@dataclass
class Mask:
    """Coverage of a rectangle of the canvas, from 0 to 1; its corner and its sides are multiples of `SUPERSAMPLING`."""

    alpha: Float32[ndarray, "h w"]
    x: int
    y: int

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.y, self.y + self.alpha.shape[0]), slice(self.x, self.x + self.alpha.shape[1])

    def blurred(self, sigma: float) -> Mask:
        """Blur with a Gaussian of `sigma` canvas pixels; what would be outside the rectangle is lost."""
        height, width = self.alpha.shape
        if not self.alpha.size:
            return self
        coarse = 1 << max(0, int(np.log2(sigma / 2)) if sigma > 2 else 0)  # a wide blur needs no fine grid
        small = (-(-width // coarse), -(-height // coarse))
        alpha = cv2.resize(self.alpha, small, interpolation=cv2.INTER_AREA) if coarse > 1 else self.alpha
        alpha = cv2.GaussianBlur(alpha, (0, 0), max(sigma / coarse, 0.3), borderType=cv2.BORDER_REPLICATE)
        alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR) if coarse > 1 else alpha
        return Mask(alpha, self.x, self.y)

    def clip(self, by: Mask) -> Mask:
        """The intersection of two masks."""
        y0, x0 = max(self.y, by.y), max(self.x, by.x)
        y1 = max(y0, min(self.y + self.alpha.shape[0], by.y + by.alpha.shape[0]))
        x1 = max(x0, min(self.x + self.alpha.shape[1], by.x + by.alpha.shape[1]))
        mine = self.alpha[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
        other = by.alpha[y0 - by.y : y1 - by.y, x0 - by.x : x1 - by.x]
        return Mask(mine * other, x0, y0)

    def without(self, other: Mask) -> Mask:
        """This mask without the part that `other` covers."""
        both = self.clip(other)
        alpha = self.alpha.copy()
        y, x = both.y - self.y, both.x - self.x
        height, width = both.alpha.shape
        alpha[y : y + height, x : x + width] -= both.alpha
        return Mask(alpha, self.x, self.y)


class Canvas:
    """A supersampled picture with its label map.

    Attributes:
        image: float32 (side, side, 3), 0 to 255, RGB.
        labels: uint8 (size, size).
    """

    def __init__(self, size: int, camera: Camera) -> None:
        self.size, self.side, self.camera = size, size * SUPERSAMPLING, camera
        self.image: Float32[ndarray, "side side 3"] = np.zeros((self.side, self.side, 3), dtype=np.float32)
        self._matrix, self._offset = camera.projection(self.side)
        self.labels: UInt8[ndarray, "size size"] = np.zeros((size, size), dtype=np.uint8)

    def project(
        self, points: Float[ndarray, "*n d"], z: float | Float[ndarray, "*n"] = 0.0
    ) -> Float32[ndarray, "*n 2"]:
        """Canvas pixels of points (x, y) at depth `z`, or of points (x, y, z)."""
        if points.shape[-1] == 3:
            return (points @ self._matrix + self._offset).astype(np.float32)
        depth = np.multiply.outer(z, self._matrix[2])
        return (points @ self._matrix[:2] + (self._offset + depth)).astype(np.float32)

    def pixels(self, length: float) -> float:
        """A length in head coordinates, in canvas pixels."""
        return length * self.side * self.camera.zoom

    def thickness(self, length: float) -> int:
        """A line thickness for cv2, at least 1."""
        return max(1, round(self.pixels(length)))

    def _rectangle(self, points: Float[ndarray, "n 2"], margin: float) -> tuple[int, int, int, int]:
        """The corners (x0, y0, x1, y1) of the part of the canvas around `points`; x0 = x1 or y0 = y1 if it is empty."""

        def bounded(value: float) -> int:
            return min(max(SUPERSAMPLING * round(value / SUPERSAMPLING), 0), self.side)

        x, y = points[:, 0], points[:, 1]
        x0, y0, x1, y1 = float(x.min()), float(y.min()), float(x.max()), float(y.max())
        margin += 2 + SUPERSAMPLING
        return bounded(x0 - margin), bounded(y0 - margin), bounded(x1 + margin), bounded(y1 + margin)

    def polygon(self, *contours: Float[ndarray, "_ 2"], blur: float = 0.0) -> Mask:
        """The union of filled contours (canvas pixels), softened by `blur` in head coordinates."""
        sigma = self.pixels(blur)
        x0, y0, x1, y1 = self._rectangle(np.concatenate(contours), 3 * sigma)
        alpha = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
        if alpha.size:
            for contour in contours:
                points = fixed_point(contour - np.array([x0, y0], dtype=np.float32))
                cv2.fillPoly(alpha, [points], 255, cv2.LINE_AA, _FIXED_POINT_BITS)
        mask = Mask(alpha * np.float32(1 / 255), x0, y0)
        return mask.blurred(sigma) if blur else mask

    def lines(
        self, curves: list[Float[ndarray, "_ 2"]] | Float[ndarray, "n k 2"], width: float, blur: float = 0.0
    ) -> Mask:
        """Open curves (canvas pixels) drawn with a line of `width`, softened by `blur`, both in head coordinates."""
        sigma = self.pixels(blur)
        every = np.concatenate(curves) if isinstance(curves, list) else curves.reshape(-1, 2)
        x0, y0, x1, y1 = self._rectangle(every, 3 * sigma + self.pixels(width))
        alpha = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
        exact = self.pixels(width)
        if alpha.size:
            corner = np.array([x0, y0], dtype=np.float32)
            if isinstance(curves, list):
                points = [fixed_point(curve - corner) for curve in curves]
            else:
                points = list(fixed_point(curves - corner))
            cv2.polylines(alpha, points, False, 255, max(1, round(exact)), cv2.LINE_AA, _FIXED_POINT_BITS)
        faint = np.float32(min(1.0, exact) / 255)  # a line thinner than a pixel is drawn fainter
        mask = Mask(alpha * faint, x0, y0)
        return mask.blurred(sigma) if blur else mask

    def paint(
        self,
        mask: Mask,
        color: Float[ndarray, 3] | Float32[ndarray, "h w 3"],
        label: int | None = None,
        opacity: float = 1.0,
    ) -> None:
        """Lay `color` (one, or one for each pixel of canvas or mask) over the picture, `label` over the label map."""
        if not mask.alpha.size:
            return
        target = self.image[mask.window]
        alpha = mask.alpha if opacity == 1 else mask.alpha * np.float32(opacity)
        if color.ndim == 3:
            here = color if color.shape[:2] == mask.alpha.shape else color[mask.window]
            change = cv2.subtract(here, target)
        else:
            change = color.astype(np.float32) - target
        cv2.add(target, cv2.multiply(change, cv2.merge([alpha] * 3)), target)
        if label is not None:
            self.label(mask, label)

    def label(self, mask: Mask, label: int) -> None:
        """Lay `label` over the label map where the mask covers half of a pixel or more."""
        if mask.alpha.size:
            height, width = (n // SUPERSAMPLING for n in mask.alpha.shape)
            covered = cv2.resize(mask.alpha, (width, height), interpolation=cv2.INTER_AREA) >= 0.5
            y, x = mask.y // SUPERSAMPLING, mask.x // SUPERSAMPLING
            self.labels[y : y + height, x : x + width][covered] = label

    def shade(self, mask: Mask, factor: Float[ndarray, 3] | float) -> None:
        """Multiply the picture by `factor` where the mask covers it."""
        if mask.alpha.size:
            change = np.broadcast_to(np.asarray(factor, dtype=np.float32) - np.float32(1), 3)
            target = self.image[mask.window]
            cv2.multiply(target, cv2.merge([1 + mask.alpha * c for c in change]), target)

    def light(self, mask: Mask, color: Float[ndarray, 3] | float) -> None:
        """Add `color` where the mask covers the picture."""
        if mask.alpha.size:
            target = self.image[mask.window]
            cv2.add(target, cv2.merge([mask.alpha * c for c in np.broadcast_to(np.float32(color), 3)]), target)
