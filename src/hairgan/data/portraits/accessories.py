"""Glasses, earrings, necklaces and hats."""

from __future__ import annotations

import numpy as np

from hairgan.data.portraits.canvas import Canvas, Mask, disc, spline
from hairgan.data.portraits.head import EYE_Y, HeadShape
from hairgan.data.portraits.identity import Identity
from hairgan.data.portraits.surface import GRID, X, Y, surface
from hairgan.data.sampling import numpy_generator
from hairgan.regions import Region


def paint_glasses(canvas: Canvas, person: Identity, shape: HeadShape) -> None:
    """Rims and lenses. Eyes seen through a clear lens stay eyes, as in CelebAMask-HQ; everything else of a lens is glasses."""
    kind = person.accessories.glasses
    if kind == "none":
        return
    colour = np.array(person.accessories.frame)
    wide, high, square = {"round": (0.080, 0.070, 2.2), "square": (0.090, 0.060, 3.6), "sun": (0.094, 0.072, 3.0)}[kind]
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    lens = np.stack([np.sign(cos) * np.abs(cos) ** (2 / square), np.sign(sin) * np.abs(sin) ** (2 / square)], axis=1)
    eyes = np.isin(canvas.labels, (Region.L_EYE, Region.R_EYE))
    brows = canvas.labels.copy()
    for side in (-1, 1):
        contour = lens * (wide, high) + (side * 0.126, EYE_Y + 0.008)
        pixels = canvas.project(contour, 0.235)
        glass = canvas.polygon(pixels)
        if kind == "sun":
            canvas.paint(glass, colour * 0.35 + 8, Region.EYE_G, opacity=0.93)
            glare = contour * (0.62, 0.34) + (side * 0.048 - 0.012, (EYE_Y - 0.020) * 0.66)
            canvas.light(canvas.polygon(canvas.project(glare, 0.235), blur=0.014).clip(glass), 46.0)
        else:
            canvas.shade(glass, np.array([0.97, 0.985, 0.99]))
            canvas.label(glass, Region.EYE_G)
            streak = np.array([(-0.5, -0.7), (-0.3, -0.8), (-0.62, 0.5), (-0.74, 0.3)]) * (wide, high) + (
                side * 0.126,
                EYE_Y,
            )
            canvas.light(canvas.polygon(canvas.project(streak, 0.235), blur=0.004).clip(glass), 16.0)
        canvas.shade(
            canvas.lines([canvas.project(np.vstack([contour, contour[:1]]) + (0, 0.010), 0.2)], 0.006, 0.005), 0.82
        )
    rims = []
    for side in (-1, 1):
        contour = lens * (wide, high) + (side * 0.126, EYE_Y + 0.008)
        rims.append(canvas.project(np.vstack([contour, contour[:1]]), 0.235))
        hinge = np.array([(side * (0.126 + wide), EYE_Y - 0.012), (side * 0.262, EYE_Y - 0.014)])
        rims.append(canvas.project(hinge, np.array([0.235, 0.02])))
    bridge = spline(np.array([(-0.126 + wide, EYE_Y - 0.004), (0.0, EYE_Y - 0.018), (0.126 - wide, EYE_Y - 0.004)]), 6)
    rims.append(canvas.project(bridge, 0.245))
    thick = 0.0085 if kind != "round" else 0.0055
    frame = canvas.lines(rims, thick)
    canvas.paint(frame, colour, Region.EYE_G)
    canvas.light(canvas.lines([rim - (0, canvas.pixels(0.002)) for rim in rims], 0.0012, 0.0008).clip(frame), 60.0)
    if kind != "sun":
        canvas.labels[eyes] = brows[eyes]


def paint_earrings(canvas: Canvas, person: Identity) -> None:
    kind = person.accessories.earrings
    if kind == "none":
        return
    metal = np.array(person.accessories.metal)
    g = numpy_generator(person.noise, "earrings")
    gem = np.array([(235, 238, 245), (60, 120, 160), (150, 30, 60), (70, 140, 90)][int(g.integers(4))])
    drop = float(g.uniform(0.05, 0.10))
    for side in (-1, 1):
        x, y = side * (0.245 * person.head.width + 0.022 * person.head.ears), 0.540 + 0.066 * person.head.ears
        at = lambda points: canvas.project(points, -0.02)  # noqa: E731
        if kind == "hoop":
            radius = drop * 0.48
            ring = np.vstack([disc(x, y + radius, radius * 0.8, 1.25), disc(x, y + radius, radius * 0.8, 1.25)[:1]])
            mask = canvas.lines([at(ring)], 0.0085)
            canvas.paint(mask, metal * 0.85, Region.EAR_R)
            canvas.light(canvas.lines([at(ring - (0.001, 0.001))], 0.002, 0.001).clip(mask), 90.0)
            continue
        pieces = [(x, y, 0.0095)]
        if kind == "drop":
            pieces = [(x, y, 0.006), (x, y + 0.5 * drop, 0.0065), (x, y + drop, 0.0125)]
            canvas.paint(canvas.lines([at(np.array([(x, y), (x, y + drop)]))], 0.005), metal * 0.7, Region.EAR_R)
        for k, (cx, cy, radius) in enumerate(pieces):
            mask = canvas.polygon(at(disc(cx, cy, radius, 1.0 if k < 2 else 1.35)))
            canvas.paint(mask, metal if k < len(pieces) - 1 else gem * 0.85, Region.EAR_R)
            canvas.shade(canvas.polygon(at(disc(cx + 0.003, cy + 0.004, radius)), blur=0.003).clip(mask), 0.7)
            canvas.light(
                canvas.polygon(at(disc(cx - radius * 0.3, cy - radius * 0.35, radius * 0.35)), blur=0.001).clip(mask),
                110.0,
            )


def paint_necklace(canvas: Canvas, person: Identity, body: Mask) -> None:
    kind = person.accessories.necklace
    if kind == "none":
        return
    metal = np.array(person.accessories.metal)
    g = numpy_generator(person.noise, "necklace")
    low = float(g.uniform(0.965, 1.01))
    neck = person.head.neck
    line = spline(
        np.array(
            [
                (-neck * 1.04, 0.880),
                (-neck * 0.72, 0.5 * low + 0.462),
                (0, low),
                (neck * 0.72, 0.5 * low + 0.462),
                (neck * 1.04, 0.880),
            ]
        ),
        12,
    )
    at = lambda points: canvas.project(points, 0.02)  # noqa: E731
    canvas.shade(canvas.lines([at(line + (0, 0.006))], 0.006, 0.004).clip(body), 0.72)
    if kind == "beads":
        arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        where = np.arange(0.006, arc[-1], 0.0135)
        centres = np.stack([np.interp(where, arc, line[:, c]) for c in range(2)], axis=1)
        mask = canvas.polygon(*(at(disc(x, y, 0.0068)) for x, y in centres)).clip(body)
        canvas.paint(mask, np.array([238, 230, 220]) * 0.5 + metal * 0.42, Region.NECK_L)
        canvas.shade(
            canvas.polygon(*(at(disc(x + 0.002, y + 0.003, 0.0055)) for x, y in centres), blur=0.002).clip(mask), 0.75
        )
        canvas.light(
            canvas.polygon(*(at(disc(x - 0.002, y - 0.002, 0.002)) for x, y in centres), blur=0.001).clip(mask), 80.0
        )
        return
    chain = canvas.lines([at(line)], 0.0062).clip(body)
    canvas.paint(chain, metal * 0.80, Region.NECK_L)
    canvas.light(canvas.lines([at(line - (0, 0.001))], 0.0016, 0.0008).clip(chain), 70.0)
    if kind == "pendant":
        gem = canvas.polygon(at(disc(0, low + 0.016, 0.013, 1.3)))
        canvas.paint(gem, metal, Region.NECK_L)
        canvas.paint(canvas.polygon(at(disc(0, low + 0.017, 0.009, 1.3))), np.array([60, 90, 130]) * 0.8)
        canvas.light(canvas.polygon(at(disc(-0.003, low + 0.011, 0.003)), blur=0.001), 130.0)


class Hat:
    """A hat's shape: what it covers, and what must not stick out above it."""

    def __init__(self, canvas: Canvas, person: Identity) -> None:
        self.canvas, self.person = canvas, person
        self.kind = person.accessories.hat
        wide = person.head.width
        rim = {"beanie": 0.255, "brim": 0.215, "cap": 0.225}[self.kind]
        side = 0.296 * wide
        dome = {"beanie": (0.005, 1.0), "brim": (-0.01, 0.86), "cap": (0.02, 0.97)}[self.kind]
        self.rim = spline(
            np.array(
                [
                    (-side, rim + 0.075),
                    (-side * 0.55, rim + 0.012),
                    (0, rim - 0.006),
                    (side * 0.55, rim + 0.012),
                    (side, rim + 0.075),
                ]
            ),
            8,
        )
        top = spline(np.array([(side, rim + 0.075), (side * 1.02, rim - 0.03), (side * 0.92 * dome[1], rim - 0.13), (side * 0.55 * dome[1], dome[0] + 0.030),
                               (0, dome[0]), (-side * 0.55 * dome[1], dome[0] + 0.030), (-side * 0.92 * dome[1], rim - 0.13), (-side * 1.02, rim - 0.03),
                               (-side, rim + 0.075)]), 8)  # fmt: skip
        self.crown = np.concatenate([self.rim, top])

    def above(self) -> Mask:
        """Everything above the hat's rim: hair there is hidden or pressed under the hat."""
        left, right = self.rim[0], self.rim[-1]
        wall = np.array(
            [(right[0], right[1]), (1.2, right[1] - 0.12), (1.2, -1.0), (-1.2, -1.0), (-1.2, left[1] - 0.12)]
        )
        return self.canvas.polygon(self.canvas.project(np.concatenate([self.rim, wall]), 0.05))

    def paint(self) -> None:
        canvas, person = self.canvas, self.person
        colour = np.array(person.accessories.cloth, dtype=np.float32)
        height = (0.30 * np.sqrt(np.clip(1 - (X / 0.34) ** 2 - ((Y - 0.32) / 0.36) ** 2, 0.02, 1))).astype(np.float32)
        albedo = np.broadcast_to(colour, (GRID, GRID, 3)).copy()
        if self.kind == "beanie":
            albedo *= (1 + 0.16 * np.sin(X * 260 / (1 + 0.5 * np.abs(Y - 0.3))))[..., None].astype(np.float32)
        layer = surface(canvas, person.scene, height, albedo, 0.1, skin=False)
        at = lambda points: canvas.project(points, 0.05)  # noqa: E731
        low = canvas.lines([at(self.rim + (0, 0.016))], 0.03, 0.012)
        canvas.shade(low, 0.62)
        mask = canvas.polygon(at(self.crown))
        canvas.paint(mask, layer, Region.HAT)
        if self.kind == "beanie":
            cuff = canvas.polygon(at(np.concatenate([self.rim, (self.rim * (1.0, 1) - (0, 0.085))[::-1]]))).clip(mask)
            canvas.shade(cuff, 1.12)
            canvas.shade(canvas.lines([at(self.rim - (0, 0.085))], 0.006, 0.004).clip(mask), 0.6)
            return
        band = np.concatenate([self.rim - (0, 0.012), (self.rim - (0, 0.055))[::-1]])
        if self.kind == "brim":
            canvas.shade(canvas.polygon(at(band)).clip(mask), 0.45)
            brim = spline(
                np.array(
                    [
                        (-0.46, 0.285),
                        (-0.25, 0.212),
                        (0, 0.196),
                        (0.25, 0.212),
                        (0.46, 0.285),
                        (0.27, 0.292),
                        (0, 0.272),
                        (-0.27, 0.292),
                    ]
                ),
                8,
                closed=True,
            )
            front = 0.18
        else:
            brim = spline(
                np.array(
                    [
                        (-0.205, 0.262),
                        (-0.1, 0.222),
                        (0.1, 0.222),
                        (0.205, 0.262),
                        (0.16, 0.302),
                        (0, 0.318),
                        (-0.16, 0.302),
                    ]
                ),
                8,
                closed=True,
            )
            front = 0.34
            seam = spline(np.array([(0, 0.02), (0.01, 0.12), (0, 0.22)]), 6)
            canvas.shade(canvas.lines([at(seam)], 0.003, 0.002).clip(mask), 0.7)
        canvas.shade(canvas.polygon(canvas.project(brim + (0, 0.026), front), blur=0.014), 0.62)
        edge = canvas.polygon(canvas.project(brim, front))
        canvas.paint(edge, layer * np.float32(0.86), Region.HAT)
        canvas.light(canvas.lines([canvas.project(brim[: len(brim) // 2], front)], 0.003, 0.002).clip(edge), 16.0)
