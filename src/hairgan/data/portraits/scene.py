"""What surrounds the head: the background, neck and shoulders, clothes."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.data.portraits.canvas import Canvas, Mask, spline
from hairgan.data.portraits.head import HeadShape
from hairgan.data.portraits.identity import Identity
from hairgan.data.portraits.surface import GRID, X, Y, bump, crease, surface
from hairgan.data.sampling import numpy_generator
from hairgan.regions import Region

_SOFT = 128  # background cells a side


def paint_background(canvas: Canvas, person: Identity) -> None:
    """A wall, lights out of focus, a room or trees: soft, and different behind everybody."""
    scene = person.scene
    g = numpy_generator(person.noise, "background")
    cells = (np.arange(_SOFT, dtype=np.float32) + 0.5) / _SOFT
    x, y = np.meshgrid(cells, cells)
    first, second = np.array(scene.first, dtype=np.float32), np.array(scene.second, dtype=np.float32)
    angle = g.uniform(0, 2 * np.pi)
    ramp = 0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    glow = np.exp(-(((x - g.uniform(0.2, 0.8)) ** 2 + (y - g.uniform(0.1, 0.6)) ** 2) / 0.25))
    share = {"plain": 0.25, "bokeh": 0.35, "room": 0.5, "outdoors": 0.45}[scene.background]
    back = first + (second - first) * (share * np.clip(ramp, 0, 1))[..., None]
    if scene.background == "room":
        for _ in range(int(g.integers(2, 6))):
            left, top = g.uniform(-0.2, 0.9), g.uniform(-0.2, 0.7)
            width, height = g.uniform(0.08, 0.4), g.uniform(0.15, 0.9)
            colour = (second if g.random() < 0.5 else first) * g.uniform(0.55, 1.45)
            corners = np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)])
            cv2.fillPoly(back, [np.rint(corners * _SOFT).astype(np.int32)], [float(v) for v in colour])
    if scene.background in ("bokeh", "outdoors"):
        for _ in range(int(g.integers(14, 40))):
            centre = g.uniform(-0.05, 1.05, 2)
            radius = g.uniform(0.02, 0.07) if scene.background == "bokeh" else g.uniform(0.05, 0.16)
            colour = second * g.uniform(0.8, 1.6) + g.normal(0, 14, 3)
            disc = np.zeros((_SOFT, _SOFT), dtype=np.uint8)
            cv2.circle(disc, [int(v * _SOFT * 16) for v in centre], int(radius * _SOFT * 16), 255, -1, cv2.LINE_AA, 4)
            share = np.float32(g.uniform(0.15, 0.55) / 255)
            back += (colour.astype(np.float32) - back) * (disc * share)[..., None]
    back = cv2.GaussianBlur(back, (0, 0), {"plain": 1, "bokeh": 1.2, "room": 3.5, "outdoors": 4.5}[scene.background])
    mottle = cv2.resize(g.normal(0, 1, (9, 9)).astype(np.float32), (_SOFT, _SOFT), interpolation=cv2.INTER_CUBIC)
    back = back * (0.90 + 0.18 * glow + 0.025 * mottle)[..., None]
    canvas.image[:] = cv2.resize(
        np.clip(back, 4, 252).astype(np.float32), (canvas.side, canvas.side), interpolation=cv2.INTER_LINEAR
    )


def _mirrored(half: list[tuple[float, float]], samples: int = 6) -> Float[ndarray, "n 2"]:
    """A contour from its right half, which starts and ends on the middle line."""
    right = spline(np.array(half), samples)
    return np.concatenate([right, right[::-1] * (-1, 1)])


class BodyPainter:
    """Neck, shoulders and clothes of one person."""

    def __init__(self, canvas: Canvas, person: Identity, shape: HeadShape) -> None:
        self.canvas, self.person, self.shape = canvas, person, shape
        self.neck, self.top = person.head.neck, person.clothes.shoulder

    def _on_body(self, points: Float[ndarray, "n 2"]) -> Float32[ndarray, "n 2"]:
        return self.canvas.project(points, 0.02)

    def _body_outline(self, loose: float = 0.0) -> Float[ndarray, "n 2"]:
        neck, top = self.neck, self.top
        right = spline(
            np.array([(neck * 1.02, 0.66), (neck * 0.97, 0.78), (neck * 0.97, 0.85), (neck * 1.08, top - 0.105 - loose), (neck * 1.42, top - 0.060 - loose),
                      (0.37, top - 0.012 - loose), (0.475, top + 0.015 - loose), (0.545, top + 0.085), (0.58, 1.20), (0.60, 1.40)]), 6,
        )  # fmt: skip
        return np.concatenate([right, right[::-1] * (-1, 1)])

    def _relief(self) -> Float32[ndarray, "g g"]:
        blend = np.clip((Y - 0.90) / 0.10, 0, 1)
        width = self.neck * 1.02 + blend * 0.46
        across = np.clip(np.abs(X) / width, 0, 0.98)
        z = (0.15 - 0.06 * blend) * np.sqrt(1 - across**2.2)
        z += 0.007 * crease([(0.115 * self.neck / 0.15, 0.78), (0.075, 0.90), (0.028, 1.0)], 0.016)
        z += 0.008 * crease([(0.040, 1.02), (0.16, 1.0), (0.30, 0.99)], 0.012)
        z -= 0.010 * bump(0, 1.02, 0.018, 0.016)
        return cv2.GaussianBlur(z.astype(np.float32), (0, 0), 2.5)

    def body(self) -> Mask:
        """Skin of neck and chest, in the shadow of the head."""
        canvas, person = self.canvas, self.person
        albedo = np.broadcast_to(np.array(person.skin, dtype=np.float32) * (0.97, 0.95, 0.94), (GRID, GRID, 3))
        mask = canvas.polygon(self._on_body(self._body_outline()))
        canvas.paint(mask, surface(canvas, person.scene, self._relief(), albedo, 0.3), Region.NECK)
        light = person.scene.light
        depth = 0.35 + 0.3 * person.scene.key
        for grow, blur, strength in ((0.050, 0.020, 1.0), (0.020, 0.008, 0.5)):
            offset = np.array([-light[0] * grow * 1.4, grow * (0.7 - light[1])])
            shadow = canvas.polygon(canvas.project(self.shape.outline + offset, 0.0), blur=blur)
            canvas.shade(shadow.clip(mask), 1 - strength * depth * np.array([0.72, 0.86, 0.88]))
        return mask

    def clothes(self) -> Mask:
        """Returns what all the clothes cover."""
        canvas, person, clothes, neck = self.canvas, self.person, self.person.clothes, self.neck
        g = numpy_generator(person.noise, "clothes")
        height = 0.12 * np.sqrt(np.clip(1 - (X / 0.62) ** 2, 0.05, 1)) - 0.10 * np.clip(0.99 - Y, 0, 1)
        for _ in range(7):
            x, y = g.uniform(0.02, 0.45), g.uniform(0.95, 1.0)
            height += g.normal(0, 0.0035) * crease([(x, y), (x + g.normal(0, 0.05), y + 0.07)], 0.010)
        height = height.astype(np.float32)

        def cloth(colour: tuple[float, float, float], *contours: Float[ndarray, "n 2"]) -> Mask:
            albedo = np.broadcast_to(np.array(colour, dtype=np.float32), (GRID, GRID, 3))
            mask = canvas.polygon(*(self._on_body(contour) for contour in contours))
            canvas.shade(canvas.polygon(*(self._on_body(c) for c in contours), blur=0.008).clip(self._skin), 0.72)
            canvas.paint(mask, surface(canvas, person.scene, height, albedo, 0.12, skin=False), Region.CLOTH)
            return mask

        self._skin = canvas.polygon(self._on_body(self._body_outline()))
        deep = self.top + {"crew": -0.02, "v_neck": 0.05, "shirt": -0.005, "jacket": 0.0, "straps": 0.03}[clothes.kind]
        edge = neck * (1.22 if clothes.kind != "straps" else 1.0)
        outline = self._body_outline(0.008)
        if clothes.kind == "straps":
            top = _mirrored(
                [(0.0, 1.050), (0.14, 1.040), (0.25, 1.045), (0.40, 1.065), (0.60, 1.10), (0.62, 1.4), (0.0, 1.4)], 4
            )
            bands = [
                np.array([(s * 0.235, 0.960), (s * 0.262, 0.960), (s * 0.275, 1.06), (s * 0.24, 1.06)]) for s in (-1, 1)
            ]
            return cloth(clothes.colour, top, *bands)
        keep = outline[np.abs(outline[:, 0]) > edge]
        keep = keep[keep[:, 1] > 0.88]
        right, left = keep[keep[:, 0] > 0], keep[keep[:, 0] < 0]
        collar_y = float(right[0, 1])
        if clothes.kind == "v_neck":
            dip = np.array([(-edge, collar_y), (-edge * 0.55, collar_y + 0.55 * (deep - collar_y)), (0, deep),
                            (edge * 0.55, collar_y + 0.55 * (deep - collar_y)), (edge, collar_y)])  # fmt: skip
        else:
            dip = spline(np.array([(-edge, collar_y), (-edge * 0.6, collar_y + 0.78 * (deep - collar_y)), (0, deep),
                                   (edge * 0.6, collar_y + 0.78 * (deep - collar_y)), (edge, collar_y)]), 6)  # fmt: skip
        garment = np.concatenate([right, left, dip])
        if clothes.kind in ("crew", "v_neck"):
            mask = cloth(clothes.colour, garment)
            canvas.shade(canvas.lines([self._on_body(dip + (0, 0.018))], 0.003, 0.001).clip(mask), 0.72)
            canvas.shade(canvas.lines([self._on_body(dip + (0, 0.006))], 0.010, 0.004).clip(mask), 1.10)
            return mask
        shirt = clothes.second if clothes.kind == "jacket" else clothes.colour
        mask = cloth(shirt, garment)
        parts = [garment]
        if clothes.kind == "jacket":
            lapel = np.concatenate([right, np.array([(0.0, 1.4), (0.0, 1.16), (edge * 0.98, collar_y + 0.030)])])
            for side in (-1, 1):
                cloth(clothes.colour, lapel * (side, 1))
            parts += [lapel, lapel * (-1, 1)]
        for side in (-1, 1):
            collar = np.array([(edge * 0.86, collar_y - 0.040), (edge * 1.10, collar_y - 0.014), (edge * 1.22, collar_y + 0.040),
                               (edge * 0.74, collar_y + 0.125), (0.022, deep + 0.012), (edge * 0.55, deep - 0.022)]) * (side, 1)  # fmt: skip
            flap = cloth(shirt, collar)
            canvas.shade(flap, 1.06)
            canvas.shade(canvas.lines([self._on_body(collar[[2, 3, 4]])], 0.003, 0.0012), 0.62)
            parts.append(collar)
        return canvas.polygon(*(self._on_body(part) for part in parts))
