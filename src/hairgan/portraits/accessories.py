"""Glasses, earrings and necklaces; hats are in `hat.py`."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from hairgan.portraits.body import Body
from hairgan.portraits.canvas import disc, moved, spline
from hairgan.portraits.face import Face
from hairgan.portraits.head import EYE_Y
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_LENS_X, _LENS_Y, _LENS_Z = 0.126, EYE_Y + 0.008, 0.235


def paint_glasses(face: Face) -> None:
    """Paint rims and lenses.

    As in CelebAMask-HQ, eyes and brows behind a clear lens keep their labels; the rest of a lens is glasses.
    """
    kind = face.person.accessories.glasses
    if kind == "none":
        return
    canvas, color = face.canvas, np.array(face.person.accessories.frame)
    wide, high, corner = {"round": (0.080, 0.070, 2.2), "square": (0.090, 0.060, 3.6), "sun": (0.094, 0.072, 3.0)}[kind]
    angle = np.linspace(0, 2 * np.pi, 48)
    rim = np.stack([np.sign(v) * np.abs(v) ** (2 / corner) for v in (np.cos(angle), np.sin(angle))], axis=1) * (
        wide,
        high,
    )
    through = np.isin(canvas.labels, (Region.L_EYE, Region.R_EYE, Region.L_BROW, Region.R_BROW)) & (kind != "sun")
    before = canvas.labels.copy()
    frame = []
    for side in (-1, 1):
        contour = moved(rim, side * _LENS_X, _LENS_Y)
        glass = canvas.polygon(canvas.project(contour, _LENS_Z))
        glare = moved(disc(-0.25 * wide, -0.3 * high, 0.42 * wide, 0.5), side * _LENS_X, _LENS_Y)
        shine = canvas.polygon(canvas.project(glare, _LENS_Z), blur=0.012).clip(glass)
        if kind == "sun":
            canvas.paint(glass, color * 0.35 + 8, opacity=0.93)
        else:
            canvas.shade(glass, np.array([0.97, 0.985, 0.99]))
        canvas.label(glass, Region.EYE_G)
        canvas.light(shine, 46.0 if kind == "sun" else 12.0)
        shadow = canvas.lines([canvas.project(moved(contour, 0.0, 0.010), 0.2)], 0.006, 0.005)
        canvas.shade(shadow, 0.82)
        temple = np.array([(side * (_LENS_X + wide), EYE_Y - 0.012), (side * 0.262, EYE_Y - 0.014)])
        frame += [canvas.project(contour, _LENS_Z), canvas.project(temple, np.array([_LENS_Z, 0.02]))]
    bridge = np.array([(wide - _LENS_X, EYE_Y - 0.004), (0.0, EYE_Y - 0.018), (_LENS_X - wide, EYE_Y - 0.004)])
    frame.append(canvas.project(spline(bridge, 6), 0.245))
    mask = canvas.lines(frame, 0.0055 if kind == "round" else 0.0085)
    canvas.paint(mask, color, Region.EYE_G)
    edge = canvas.lines([moved(line, 0.0, -canvas.pixels(0.002)) for line in frame], 0.0012, 0.0008)
    canvas.light(edge.clip(mask), 60.0)
    canvas.labels[through] = before[through]


def paint_earrings(face: Face) -> None:
    """Paint studs, hoops or drops on both ears."""
    kind = face.person.accessories.earrings
    if kind == "none":
        return
    canvas, metal = face.canvas, np.array(face.person.accessories.metal)
    rng = numpy_generator(face.person.noise, "earrings")
    gem = np.array([(235, 238, 245), (60, 120, 160), (150, 30, 60), (70, 140, 90)][int(rng.integers(4))])
    drop, lobe = float(rng.uniform(0.05, 0.10)), np.array([0.022, 0.066])

    for side in (-1, 1):

        def at(points: Float[ndarray, "n 2"], side: int = side) -> ndarray:
            return face.ear_point(points + lobe, side)

        if kind == "hoop":
            ring = disc(0.0, 0.48 * drop, 0.40 * drop, 1.25)
            ring = np.concatenate([ring, ring[:1]])
            mask = canvas.lines([at(ring)], 0.0085)
            canvas.paint(mask, metal * 0.85, Region.EAR_R)
            canvas.light(canvas.lines([at(ring - 0.001)], 0.002, 0.001).clip(mask), 90.0)
            continue
        beads = [(0.0, 0.0095, metal)]
        if kind == "drop":
            beads = [(0.0, 0.006, metal), (0.5 * drop, 0.0065, metal), (drop, 0.0125, gem * 0.85)]
            wire = canvas.lines([at(np.array([(0.0, 0.0), (0.0, drop)]))], 0.005)
            canvas.paint(wire, metal * 0.7, Region.EAR_R)
        for y, radius, color in beads:
            mask = canvas.polygon(at(disc(0.0, y, radius)))
            canvas.paint(mask, color, Region.EAR_R)
            canvas.shade(canvas.polygon(at(disc(0.003, y + 0.004, radius)), blur=0.003).clip(mask), 0.7)
            spot = canvas.polygon(at(disc(-0.3 * radius, y - 0.35 * radius, 0.35 * radius)), blur=0.001)
            canvas.light(spot.clip(mask), 110.0)


def paint_necklace(body: Body) -> None:
    """Paint a chain, with or without a pendant, or beads."""
    kind = body.person.accessories.necklace
    if kind == "none":
        return
    canvas, metal = body.canvas, np.array(body.person.accessories.metal)
    rng = numpy_generator(body.person.noise, "necklace")
    low, neck = body.top + float(rng.uniform(-0.085, -0.04)), body.neck
    half = np.array([(0.0, low), (neck * 0.72, 0.5 * low + 0.462), (neck * 1.04, 0.880)])
    line = spline(np.concatenate([half[:0:-1] * (-1, 1), half]), 12)
    canvas.shade(canvas.lines([body.on(moved(line, 0.0, 0.006))], 0.006, 0.004).clip(body.skin), 0.72)
    if kind == "beads":
        arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        where = np.arange(0.006, arc[-1], 0.0135)
        centers = np.stack([np.interp(where, arc, line[:, c]) for c in range(2)], axis=1)

        def beads(offset: float, radius: float) -> list[ndarray]:
            return [body.on(disc(x + offset, y + offset, radius)) for x, y in centers]

        mask = canvas.polygon(*beads(0.0, 0.0068)).clip(body.skin)
        canvas.paint(mask, np.array([119, 115, 110]) + 0.42 * metal, Region.NECK_L)
        canvas.shade(canvas.polygon(*beads(0.0025, 0.0055), blur=0.002).clip(mask), 0.75)
        canvas.light(canvas.polygon(*beads(-0.002, 0.0020), blur=0.001).clip(mask), 80.0)
        return
    chain = canvas.lines([body.on(line)], 0.0055).clip(body.skin)
    canvas.paint(chain, metal * 0.74, Region.NECK_L)
    canvas.light(canvas.lines([body.on(moved(line, 0.0, -0.001))], 0.0014, 0.0008).clip(chain), 60.0)
    if kind == "pendant":
        canvas.paint(canvas.polygon(body.on(disc(0.0, low + 0.016, 0.013, 1.3))), metal * 0.85, Region.NECK_L)
        canvas.paint(canvas.polygon(body.on(disc(0.0, low + 0.017, 0.009, 1.3))), np.array([48.0, 72.0, 104.0]))
        canvas.light(canvas.polygon(body.on(disc(-0.003, low + 0.011, 0.003)), blur=0.001), 130.0)
