"""The mouth: lips, and teeth where it is open."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from hairgan.portraits.canvas import Mask, disc, moved, spline
from hairgan.portraits.face import Face
from hairgan.portraits.head import MOUTH_Y
from hairgan.regions import Region

_ACROSS = np.linspace(-1, 1, 25)  # from corner to corner
_OPEN = 0.004  # a smaller opening is drawn as a line


def paint_mouth(face: Face) -> None:
    """Paint the lips and, where the mouth is open, its inside and the teeth."""
    canvas, mouth = face.canvas, face.person.mouth
    side, gap, lift = np.abs(_ACROSS), mouth.opening, 0.020 * mouth.smile
    thin = 1 - 0.28 * max(mouth.smile, 0)  # a smile stretches the lips
    ends = np.clip(1 - side**2.2, 0, 1)
    middle = MOUTH_Y + lift * (0.35 - _ACROSS**2)  # a smile lifts the corners
    bow = mouth.bow * (np.exp(-((_ACROSS / 0.13) ** 2)) - 0.7 * np.exp(-(((side - 0.2) / 0.2) ** 2)))
    wave = 0.0022 * np.exp(-((_ACROSS / 0.2) ** 2)) - 0.0014 * np.exp(-(((side - 0.35) / 0.2) ** 2))
    top = middle - 0.3 * gap * ends + thin * (bow - mouth.upper * np.clip(1 - side**1.5, 0, 1))
    upper = middle - 0.3 * gap * ends + wave
    lower = np.maximum(upper, middle + 0.7 * gap * ends)
    bottom = lower + mouth.lower * (0.86 + 0.14 * thin) * np.clip(1 - side**2.4, 0, 1) ** 0.8
    x = _ACROSS * mouth.width

    def path(y: Float[ndarray, " n"]) -> Float[ndarray, "n 2"]:
        return face.on(np.stack([x, y], axis=1))

    def band(above: Float[ndarray, " n"], below: Float[ndarray, " n"], blur: float = 0.0) -> Mask:
        return canvas.polygon(np.concatenate([path(above), path(below)[::-1]]), blur=blur)

    if gap > _OPEN:
        hollow = band(upper, lower)
        canvas.paint(hollow, np.array([66, 22, 24]), Region.MOUTH)
        if gap > 0.012:
            edge = upper + min(0.76 * gap, 0.026) * np.clip(1 - side**4, 0, 1) + 0.001
            _paint_teeth(face, band(upper - 0.002, edge, 0.0008).clip(hollow), hollow)
        roof = canvas.lines([path(upper + 0.002)], 0.005, 0.003)
        canvas.shade(roof.clip(hollow), np.array([0.55, 0.48, 0.48]))
    canvas.shade(band(bottom - 0.004, bottom + 0.007 * ends, 0.006), np.array([0.80, 0.74, 0.73]))

    tint = np.array(mouth.color) / np.maximum(face.base, 20)
    for above, below, tone, label in (
        (top, upper, 0.84, Region.U_LIP),
        (lower, bottom, 1.03, Region.L_LIP),
    ):
        lip = band(above, np.maximum(below, above + 0.0005))
        canvas.paint(lip.blurred(canvas.pixels(0.0012)), face.skin[lip.window] * (tint * tone).astype(np.float32))
        canvas.label(lip, label)
    width = mouth.width
    shine = np.array([(-0.42 * width, 0.30), (0, 0.42), (0.42 * width, 0.30), (0, 0.52)]) * (1, mouth.lower)
    gloss = canvas.polygon(face.on(moved(spline(shine, 6, closed=True), 0.0, lower[len(_ACROSS) // 2])), blur=0.0035)
    canvas.light(gloss, 62 * mouth.gloss * face.light)
    if gap <= _OPEN:
        canvas.shade(canvas.lines([path(upper)], 0.0030, 0.0011), np.array([0.46, 0.32, 0.32]))
    y = MOUTH_Y - 0.65 * lift
    corners = [np.array([(t * (width - 0.004), y), (t * (width + 0.005), y - 0.003 * mouth.smile)]) for t in (-1, 1)]
    dimples = canvas.lines([face.on(corner) for corner in corners], 0.005, 0.003)
    canvas.shade(dimples, np.array([0.50, 0.38, 0.38]))


def _paint_teeth(face: Face, teeth: Mask, hollow: Mask) -> None:
    canvas, mouth = face.canvas, face.person.mouth
    canvas.paint(teeth, np.array([238, 234, 226]) * (0.9 + 0.1 * face.light))
    places = 0.86 * mouth.width * np.array([-0.72, -0.52, -0.34, -0.17, 0, 0.17, 0.34, 0.52, 0.72])
    gaps = [face.on(np.array([(x, MOUTH_Y - 0.02), (x, MOUTH_Y + 0.03)])) for x in places]
    canvas.shade(canvas.lines(gaps, 0.0012, 0.0006).clip(teeth), 0.80)
    y = MOUTH_Y - 0.012 * mouth.smile
    ends = [face.on(disc(t * mouth.width, y, 0.36 * mouth.width)) for t in (-1, 1)]
    canvas.shade(canvas.polygon(*ends, blur=0.012).clip(hollow), np.array([0.42, 0.30, 0.30]))
