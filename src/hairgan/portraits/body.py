"""Neck, shoulders and clothes."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import Canvas, Mask, moved, spline
from hairgan.portraits.head import HeadShape
from hairgan.portraits.identity import Color, Identity
from hairgan.portraits.surface import GRID, X, Y, bump, crease, surface
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_PLANE = 0.02  # z of collars and shoulders


class Body:
    """One person below the chin: the contours that skin, clothes and necklace share."""

    def __init__(self, canvas: Canvas, person: Identity) -> None:
        self.canvas, self.person = canvas, person
        self.neck, self.top = person.head.neck, person.clothes.shoulder
        self.skin: Mask = canvas.polygon(self.on(_mirrored(self._right_side(0.0))))

    def on(self, points: Float[ndarray, "n 2"]) -> Float32[ndarray, "n 2"]:
        """Canvas pixels."""
        return self.canvas.project(points, _PLANE)

    def _right_side(self, loose: float) -> Float[ndarray, "n 2"]:
        """The outline from the jaw down to the arm; that of clothes is higher by `loose`."""
        neck, top = self.neck, self.top - loose
        return spline(
            np.array(
                [(neck * 1.02, 0.66), (neck * 0.97, 0.78), (neck * 0.97, 0.85), (neck * 1.08, top - 0.105),
                 (neck * 1.42, top - 0.060), (0.37, top - 0.012), (0.475, top + 0.015), (0.545, top + 0.085),
                 (0.58, 1.20), (0.60, 1.40)]
            ), 6,
        )  # fmt: skip

    def neckline(self, edge: float, depth: float) -> tuple[Float[ndarray, "m 2"], Float[ndarray, "n 2"]]:
        """A garment's right side from x = `edge` on the shoulder downward, and its neckline, left to right."""
        right = self._right_side(0.008)
        right = right[(right[:, 0] > edge) & (right[:, 1] > 0.88)]
        start = float(right[0, 1])
        fall = depth - start
        if self.person.clothes.kind == "v_neck":
            half = np.array([(0.0, depth), (edge * 0.55, start + 0.55 * fall), (edge, start)])
        else:
            half = spline(np.array([(0.0, depth), (edge * 0.6, start + 0.78 * fall), (edge, start)]), 6)
        return right, np.concatenate([half[:0:-1] * (-1, 1), half])


def _mirrored(right: Float[ndarray, "n 2"]) -> Float[ndarray, "m 2"]:
    return np.concatenate([right, right[::-1] * (-1, 1)])


def paint_neck(body: Body, shape: HeadShape) -> None:
    """Paint the skin of neck and chest, with the shadow of the head."""
    canvas, person = body.canvas, body.person
    blend = np.clip((Y - 0.90) / 0.10, 0, 1)
    across = np.clip(np.abs(X) / (body.neck * 1.02 + blend * 0.46), 0, 0.98)
    z = (0.15 - 0.06 * blend) * np.sqrt(1 - across**2.2)
    z += 0.007 * crease([(0.77 * body.neck, 0.78), (0.075, 0.90), (0.028, 1.0)], 0.016)
    z += 0.008 * crease([(0.040, 1.02), (0.16, 1.0), (0.30, 0.99)], 0.012)  # collar bones
    z -= 0.010 * bump(0.0, 1.02, 0.018, 0.016)
    height = cv2.GaussianBlur(z.astype(np.float32), (0, 0), 2.5)
    skin = np.array(person.skin) * (0.97, 0.95, 0.94)
    canvas.paint(body.skin, surface(canvas, person.scene, height, _plain(skin), 0.3), Region.NECK)
    light, depth = person.scene.light, 0.35 + 0.3 * person.scene.key
    for far, blur, strength in ((0.050, 0.020, 1.0), (0.020, 0.008, 0.5)):
        outline = moved(shape.outline, -1.4 * far * light[0], far * (0.7 - light[1]))
        shadow = canvas.polygon(canvas.project(outline), blur=blur).clip(body.skin)
        canvas.shade(shadow, 1 - strength * depth * np.array([0.72, 0.86, 0.88]))


def _plain(color: Float[ndarray, 3]) -> Float32[ndarray, "g g 3"]:
    return np.broadcast_to(color.astype(np.float32), (GRID, GRID, 3))


class _Cloth:
    """Paints pieces of cloth that share folds and light."""

    def __init__(self, body: Body) -> None:
        self.body, self.canvas, person = body, body.canvas, body.person
        rng = numpy_generator(person.noise, "clothes")
        height = 0.12 * np.sqrt(np.clip(1 - (X / 0.62) ** 2, 0.05, 1)) - 0.10 * np.clip(0.99 - Y, 0, 1)
        for _ in range(7):
            x, y = rng.uniform(0.02, 0.45), rng.uniform(0.95, 1.0)
            height += rng.normal(0, 0.0035) * crease([(x, y), (x + rng.normal(0, 0.05), y + 0.07)], 0.010)
        # clothes of one person differ by their color alone: light a white one and dye it
        white = _plain(np.full(3, 255.0))
        self.white = surface(self.canvas, person.scene, height.astype(np.float32), white, 0.0, skin=False)

    def __call__(self, color: Color, *contours: Float[ndarray, "_ 2"]) -> Mask:
        canvas, pixels = self.canvas, [self.body.on(contour) for contour in contours]
        canvas.shade(canvas.polygon(*pixels, blur=0.008).clip(self.body.skin), 0.72)
        mask = canvas.polygon(*pixels)
        dye = (np.array(color) / 255).astype(np.float32)
        canvas.paint(mask, self.white[mask.window] * dye, Region.CLOTH)
        return mask


def paint_clothes(body: Body) -> Mask:
    """Paint the clothes, and return the mask of all of them."""
    canvas, clothes, neck, top = body.canvas, body.person.clothes, body.neck, body.top
    cloth = _Cloth(body)
    if clothes.kind == "straps":
        bust = spline(
            np.array([(0.0, 0.02), (0.14, 0.012), (0.25, 0.020), (0.40, 0.04), (0.60, 0.08), (0.62, 0.35)]), 4
        )
        band = np.array([(0.235, -0.09), (0.262, -0.09), (0.275, 0.03), (0.24, 0.03)])
        return cloth(clothes.color, *(moved(piece, 0.0, top) for piece in (_mirrored(bust), band, band * (-1, 1))))
    depth = top + {"crew": -0.02, "v_neck": 0.05, "shirt": -0.005, "jacket": 0.0}[clothes.kind]
    edge = neck * 1.22
    right, dip = body.neckline(edge, depth)
    garment = np.concatenate([right, right[::-1] * (-1, 1), dip])
    if clothes.kind in ("crew", "v_neck"):
        mask = cloth(clothes.color, garment)
        canvas.shade(canvas.lines([body.on(moved(dip, 0.0, 0.018))], 0.003, 0.001).clip(mask), 0.72)
        canvas.shade(canvas.lines([body.on(moved(dip, 0.0, 0.006))], 0.010, 0.004).clip(mask), 1.10)
        return mask
    shirt = clothes.second if clothes.kind == "jacket" else clothes.color
    cloth(shirt, garment)
    parts = [garment]
    start = float(right[0, 1])
    if clothes.kind == "jacket":
        lapel = np.concatenate([right, np.array([(0.0, 1.40), (0.0, 1.16), (edge * 0.98, start + 0.030)])])
        parts += [lapel, lapel * (-1, 1)]
        for part in parts[1:]:
            cloth(clothes.color, part)
    flap = np.array(
        [(edge * 0.86, start - 0.040), (edge * 1.10, start - 0.014), (edge * 1.22, start + 0.040),
         (edge * 0.74, start + 0.125), (0.022, depth + 0.012), (edge * 0.55, depth - 0.022)]
    )  # fmt: skip
    for collar in (flap, flap * (-1, 1)):
        canvas.shade(cloth(shirt, collar), 1.06)
        canvas.shade(canvas.lines([body.on(collar[[2, 3, 4]])], 0.003, 0.0012), 0.62)
        parts.append(collar)
    return canvas.polygon(*(body.on(part) for part in parts))
