"""Eyes, brows, nose, mouth and ears, drawn with edges over the soft skin."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.data.portraits.canvas import Canvas, Mask, spline
from hairgan.data.portraits.head import EYE_Y, MOUTH_Y, NOSE_Y, HeadShape, beard_density
from hairgan.data.portraits.identity import Identity
from hairgan.data.portraits.surface import GRID, light_colour
from hairgan.data.sampling import numpy_generator
from hairgan.regions import Region

IRIS_RADIUS = 0.0208
_EAR_Y = 0.540


def disc(x: float, y: float, radius: float, flat: float = 1.0) -> Float[ndarray, "n 2"]:
    """A circle, or an ellipse whose height is `flat` times its width."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + flat * radius * np.sin(angle)], axis=1)


class FacePainter:
    """Paints one person's features; each method paints one of them, all on the same canvas."""

    def __init__(self, canvas: Canvas, person: Identity, shape: HeadShape, skin: Float32[ndarray, "s s 3"]) -> None:
        self.canvas, self.person, self.shape, self.skin = canvas, person, shape, skin
        self.base = np.array(person.skin)
        self.light = light_colour(person.scene)

    def on_face(self, points: Float[ndarray, "n 2"]) -> Float32[ndarray, "n 2"]:
        """Canvas pixels of points that lie on the face's surface."""
        return self.canvas.project(points, self.shape.depth(points))

    def at_depth(self, points: Float[ndarray, "n 2"], x: float, y: float) -> Float32[ndarray, "n 2"]:
        """Canvas pixels of points at the depth that the face has at (x, y)."""
        return self.canvas.project(points, float(self.shape.depth(np.array([[x, y]]))[0]))

    def ears(self) -> None:
        canvas, size, wide = self.canvas, self.person.head.ears, self.person.head.width
        lit = self.person.scene.light[0] * self.person.scene.key
        for side, label in ((1, Region.L_EAR), (-1, Region.R_EAR)):
            rim = spline(
                np.array([(0.238, -0.020), (0.252, -0.066), (0.276, -0.084), (0.297, -0.070), (0.301, -0.035), (0.290, 0.010),
                          (0.281, 0.048), (0.268, 0.075), (0.253, 0.076), (0.240, 0.050)]), 6, closed=True,
            )  # fmt: skip
            place = lambda points, s=side: np.stack(  # noqa: E731
                [s * (0.245 * wide + (points[:, 0] - 0.245) * size), _EAR_Y + points[:, 1] * size], axis=1
            )
            mask = canvas.polygon(canvas.project(place(rim), -0.03))
            colour = self.base * np.array([1.0, 0.93, 0.91]) * (0.86 + 0.40 * side * lit)
            canvas.paint(mask, np.clip(colour, 0, 255), label)
            fold = place(
                spline(
                    np.array([(0.262, -0.050), (0.278, -0.064), (0.289, -0.050), (0.287, -0.018), (0.276, 0.018)]), 6
                )
            )  # noqa: E501
            canvas.shade(canvas.lines([canvas.project(fold, -0.03)], 0.007, 0.003), np.array([0.66, 0.54, 0.52]))
            shell = place(
                spline(
                    np.array([(0.256, -0.030), (0.270, -0.038), (0.276, -0.012), (0.268, 0.026), (0.255, 0.032)]),
                    6,
                    closed=True,
                )
            )  # noqa: E501
            hollow = canvas.polygon(canvas.project(shell, -0.03), blur=0.005)
            canvas.shade(hollow, np.array([0.66, 0.52, 0.50]))
            inside = canvas.polygon(self._outline_pixels(), blur=0.012)
            canvas.shade(inside.clip(mask), np.array([0.62, 0.54, 0.52]))  # the head's shadow on the ear

    def _outline_pixels(self) -> Float32[ndarray, "n 2"]:
        return self.canvas.project(self.shape.outline, 0.0)

    def head(self) -> Mask:
        mask = self.canvas.polygon(self._outline_pixels())
        self.canvas.paint(mask, self.skin, Region.SKIN)
        return mask

    def nose(self) -> None:
        canvas, nose = self.canvas, self.person.nose
        tip, wide = NOSE_Y + nose.length, nose.width
        half = np.array([(0.018, 0.458), (0.019, 0.530), (0.031, 0.592), (0.052 * wide, tip - 0.036), (0.060 * wide, tip - 0.016),
                         (0.052 * wide, tip + 0.001), (0.026 * wide, tip + 0.004), (0.0, tip + 0.012)])  # fmt: skip
        shape = spline(np.concatenate([half, half[-2::-1] * (-1, 1)]), 5)
        canvas.label(canvas.polygon(self.on_face(shape)), Region.NOSE)
        dark = np.array([0.42, 0.27, 0.25])
        for side in (-1, 1):
            hole = spline(np.array([(0.011, tip + 0.001), (0.019, tip - 0.0075), (0.034 * wide, tip - 0.006), (0.037 * wide, tip + 0.001),
                                    (0.024 * wide, tip + 0.0015)]) * (side, 1), 5, closed=True)  # fmt: skip
            canvas.shade(canvas.polygon(self.on_face(hole), blur=0.0018), dark)
            wing = spline(
                np.array(
                    [
                        (0.046 * wide, tip - 0.038),
                        (0.058 * wide, tip - 0.024),
                        (0.058 * wide, tip - 0.006),
                        (0.045 * wide, tip + 0.001),
                    ]
                )
                * (side, 1),
                6,
            )  # noqa: E501
            canvas.shade(canvas.lines([self.on_face(wing)], 0.0035, 0.0028), np.array([0.62, 0.5, 0.48]))
        under = spline(np.array([(-0.040 * wide, tip + 0.001), (0, tip + 0.011), (0.040 * wide, tip + 0.001)]), 8)
        canvas.shade(canvas.lines([self.on_face(under)], 0.004, 0.0045), np.array([0.74, 0.64, 0.62]))

    def brows(self) -> None:
        canvas, brows = self.canvas, self.person.brows
        g = numpy_generator(self.person.noise, "brows")
        for side, label in ((1, Region.L_BROW), (-1, Region.R_BROW)):
            y = EYE_Y - brows.height
            middle = spline(
                np.array([(0.044, y + 0.010), (0.070, y + 0.002), (0.105, y - 0.006 - 0.004 * brows.arch),
                          (0.140, y - 0.009 - 0.009 * brows.arch), (0.186, y + 0.006 - brows.slant)]), 8,
            )  # fmt: skip
            along = np.linspace(0, 1, len(middle))
            half = 0.5 * brows.thickness * np.interp(along, [0, 0.12, 0.4, 0.7, 1], [0.55, 0.95, 1.0, 0.72, 0.10])
            normal = np.gradient(middle, axis=0)[:, ::-1] * (1, -1)
            normal /= np.linalg.norm(normal, axis=1, keepdims=True)
            upper, lower = middle + normal * half[:, None], middle - normal * half[:, None]
            mirror = np.array([side, 1.0])
            mask = canvas.polygon(self.on_face(np.concatenate([upper, lower[::-1]]) * mirror), blur=0.0012)
            colour = np.array(brows.colour)
            shape = canvas.polygon(self.on_face(np.concatenate([upper, lower[::-1]]) * mirror))
            canvas.paint(mask, colour, opacity=0.62 * brows.density)
            canvas.label(shape, label)
            count = 46
            position = g.uniform(0, 1, count)
            across = g.uniform(-0.9, 0.75, count)
            root = np.stack([np.interp(position, along, (middle + normal * (half * a)[:, None])[:, c]) if False else
                             np.interp(position, along, middle[:, c]) + across * np.interp(position, along, half * normal[:, c])
                             for c in range(2) for a in (0,)], axis=1)  # fmt: skip
            tangent = np.stack([np.interp(position, along, np.gradient(middle[:, c])) for c in range(2)], axis=1)
            tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
            up = np.clip(1.1 - 1.6 * position, -0.25, 1.1)[:, None] * np.array([0.1, -1.0])
            tip = root + (tangent + up * np.where(across < 0.2, 1, 0.2)[:, None]) * g.uniform(0.008, 0.016, (count, 1))
            hairs = np.stack([root, (root + tip) / 2 + up * 0.001, tip], axis=1) * mirror
            pixels = self.on_face(hairs.reshape(-1, 2)).reshape(count, 3, 2)
            canvas.paint(canvas.lines(list(pixels), 0.0019).clip(shape), colour * 0.7, opacity=0.75 * brows.density)

    def eyes(self) -> None:
        canvas, eyes, person = self.canvas, self.person.eyes, self.person
        for side, label in ((1, Region.L_EYE), (-1, Region.R_EYE)):
            squint = 1 - 0.16 * max(person.mouth.smile, 0)
            w, h = eyes.width, eyes.openness * squint
            centre = np.array([eyes.distance, EYE_Y])
            place = lambda points, s=side, c=centre: (np.asarray(points) + c) * (s, 1)  # noqa: E731
            project = lambda points, c=centre, s=side: self.at_depth(points, s * c[0], c[1])  # noqa: E731
            upper = spline(
                np.array([(-0.50 * w, 0.006), (-0.37 * w, -0.26 * h), (-0.16 * w, -0.55 * h), (0.08 * w, -0.60 * h), (0.31 * w, -0.40 * h),
                          (0.50 * w, -eyes.tilt)]), 6,
            )  # fmt: skip
            lower = spline(
                np.array([(0.50 * w, -eyes.tilt), (0.31 * w, 0.27 * h), (0.06 * w, 0.41 * h), (-0.22 * w, 0.35 * h), (-0.42 * w, 0.22 * h),
                          (-0.50 * w, 0.006)]), 6,
            )  # fmt: skip
            opening = canvas.polygon(project(place(np.concatenate([upper, lower[1:-1]]))))
            fold = upper[2:] - np.linspace(0.55, 1.0, len(upper) - 2)[:, None] * (0, eyes.crease) - (0, 0.004)
            canvas.shade(canvas.lines([project(place(fold))], 0.0032, 0.0022), np.array([0.60, 0.50, 0.48]))
            bag = lower[4:-3] + (0, 0.014)
            canvas.shade(
                canvas.lines([project(place(bag))], 0.004, 0.005),
                1 - 0.25 * (0.3 + person.age) * np.array([0.6, 0.8, 0.8]),
            )

            white = np.array([236, 231, 228]) * (0.62 + 0.38 * self.base.mean() / 255 * 1.15) * self.light
            canvas.paint(opening, np.clip(white, 0, 250), label)
            ends = canvas.polygon(project(place(disc(-0.5 * w, 0.006, 0.13 * w))), blur=0.004)
            canvas.shade(ends.clip(opening), np.array([0.92, 0.70, 0.68]))
            ends = canvas.polygon(project(place(disc(0.5 * w, -eyes.tilt, 0.17 * w))), blur=0.006)
            canvas.shade(ends.clip(opening), np.array([0.74, 0.64, 0.64]))

            iris_at = np.array([eyes.gaze[0] * side, eyes.gaze[1] - 0.09 * h])
            iris = np.array(eyes.iris)
            rings = ((1.0, 0.34, 0.0012), (0.86, 0.86, 0.0022), (0.62, 1.18, 0.003))
            for radius, tone, blur in rings:
                ring = canvas.polygon(project(place(disc(*iris_at, radius * IRIS_RADIUS))), blur=blur)
                canvas.paint(ring.clip(opening), np.clip(iris * tone + 6, 0, 255))
            glow = canvas.polygon(
                project(
                    place(
                        disc(
                            iris_at[0] - 0.35 * IRIS_RADIUS * side * person.scene.light[0],
                            iris_at[1] + 0.45 * IRIS_RADIUS,
                            0.42 * IRIS_RADIUS,
                            0.6,
                        )
                    )
                ),
                blur=0.004,  # noqa: E501
            )
            canvas.light(glow.clip(opening), iris * 0.55)
            pupil = canvas.polygon(project(place(disc(*iris_at, 0.0088))), blur=0.0008)
            canvas.paint(pupil.clip(opening), np.array([12, 9, 9]))
            shadow = canvas.lines([project(place(upper + (0, 0.003)))], 0.010, 0.004)
            canvas.shade(shadow.clip(opening), np.array([0.40, 0.36, 0.38]))
            gleam = np.array([side * person.scene.light[0] * 0.6 * IRIS_RADIUS, -0.42 * IRIS_RADIUS])
            spot = canvas.polygon(project(place(disc(*(iris_at + gleam), 0.0056))), blur=0.0008)
            canvas.paint(spot.clip(opening), np.array([252, 252, 252]), opacity=0.95)
            spot = canvas.polygon(project(place(disc(*(iris_at - gleam * 0.8), 0.0035))), blur=0.002)
            canvas.paint(spot.clip(opening), np.array([235, 240, 250]), opacity=0.35)

            wet = lower[2:-2] + (0, 0.0005)
            canvas.paint(
                canvas.lines([project(place(wet))], 0.0024, 0.0008), self.base * (1.02, 0.82, 0.80), opacity=0.7
            )
            canvas.shade(
                canvas.lines([project(place(lower[1:-4] + (0, 0.0022)))], 0.0020, 0.0015),
                1 - (0.30 + 0.22 * min(eyes.lashes, 1.0)) * np.array([0.9, 1.0, 1.0]),
            )
            self._lashes(upper, project, place)

    def _lashes(self, upper: Float[ndarray, "n 2"], project, place) -> None:  # type: ignore[no-untyped-def]
        canvas, strength = self.canvas, self.person.eyes.lashes
        along = np.linspace(0, 1, len(upper))
        lid = 0.0016 + 0.0030 * strength * np.interp(along, [0, 0.3, 0.8, 1], [0.1, 0.6, 1.1, 0.9])
        wing = np.concatenate([upper - np.stack([0 * lid, lid], axis=1), (upper + (0, 0.0009))[::-1]])
        ink = np.array([20, 14, 13]) + 0.10 * self.base * (1.2 - min(strength, 1.2))
        canvas.paint(canvas.polygon(project(place(wing)), blur=0.0006), ink, opacity=0.62 + 0.3 * min(strength, 1))
        count = 15
        start = np.linspace(0.16, 1.0, count)
        root = np.stack([np.interp(start, along, upper[:, c]) for c in range(2)], axis=1)
        length = (0.006 + 0.010 * strength) * np.interp(start, [0.16, 0.6, 0.9, 1], [0.4, 0.8, 1.0, 0.8])
        lean = np.interp(start, [0.16, 0.45, 1], [-0.5, 0.15, 1.25])
        tip = root + np.stack([lean * length, -length * 0.75], axis=1)
        bend = (root + tip) / 2 + np.stack([lean * length * 0.22, length * 0.12], axis=1)
        hairs = [project(place(np.stack([a, b, c]))) for a, b, c in zip(root, bend, tip, strict=True)]
        canvas.paint(canvas.lines(hairs, 0.0013), ink, opacity=min(1.0, 0.35 + 0.6 * strength))

    def mouth(self) -> None:
        canvas, person, mouth = self.canvas, self.person, self.person.mouth
        w, lift, gap = mouth.width, 0.020 * mouth.smile, mouth.opening
        s = np.linspace(-1, 1, 25)
        curve = lift * (0.35 - s**2)  # the corners go up, the middle down
        thin = 1 - 0.28 * max(mouth.smile, 0)
        ends = np.clip(1 - np.abs(s) ** 2.2, 0, 1)
        bow = mouth.bow * (np.exp(-((s / 0.13) ** 2)) - 0.7 * np.exp(-(((np.abs(s) - 0.2) / 0.2) ** 2)))
        upper_edge = (
            MOUTH_Y + curve - thin * mouth.upper * np.clip(1 - np.abs(s) ** 1.5, 0, 1) + bow * thin - 0.3 * gap * ends
        )
        upper_line = (
            MOUTH_Y
            + curve
            - 0.30 * gap * ends
            + 0.0022 * np.exp(-((s / 0.2) ** 2))
            - 0.0014 * np.exp(-(((np.abs(s) - 0.35) / 0.2) ** 2))
        )  # noqa: E501
        lower_line = np.maximum(upper_line, MOUTH_Y + curve + 0.70 * gap * ends)
        lower_edge = lower_line + mouth.lower * (0.86 + 0.14 * thin) * np.clip(1 - np.abs(s) ** 2.4, 0, 1) ** 0.8
        x = s * w
        path = lambda y: np.stack([x, y], axis=1)  # noqa: E731
        band = lambda top, bottom: np.concatenate([path(top), path(bottom)[::-1]])  # noqa: E731

        tint = np.array(mouth.colour) / np.maximum(self.base, 20)
        if gap > 0.004:
            hollow = canvas.polygon(self.on_face(band(upper_line, lower_line)))
            canvas.paint(hollow, np.array([66, 22, 24]), Region.MOUTH)
            if gap > 0.012:
                bottom = upper_line + np.minimum(0.76 * gap, 0.026) * np.clip(1 - np.abs(s) ** 4, 0, 1) + 0.001
                teeth = canvas.polygon(self.on_face(band(upper_line - 0.002, bottom)), blur=0.0008).clip(hollow)
                canvas.paint(teeth, np.array([238, 234, 226]) * (0.9 + 0.1 * self.light))
                gaps = [
                    np.array([(0.86 * w * t, MOUTH_Y - 0.02), (0.86 * w * t, MOUTH_Y + 0.03)])
                    for t in (-0.72, -0.52, -0.34, -0.17, 0, 0.17, 0.34, 0.52, 0.72)
                ]  # noqa: E501
                canvas.shade(canvas.lines([self.on_face(line) for line in gaps], 0.0012, 0.0006).clip(teeth), 0.80)
                corners = canvas.polygon(
                    self.on_face(disc(-w, MOUTH_Y - 0.6 * lift, 0.36 * w)),
                    self.on_face(disc(w, MOUTH_Y - 0.6 * lift, 0.36 * w)),
                    blur=0.012,
                )  # noqa: E501
                canvas.shade(corners.clip(hollow), np.array([0.42, 0.30, 0.30]))
            roof = canvas.lines([self.on_face(path(upper_line + 0.002))], 0.005, 0.003)
            canvas.shade(roof.clip(hollow), np.array([0.55, 0.48, 0.48]))

        under = canvas.polygon(self.on_face(band(lower_edge - 0.004, lower_edge + 0.007 * ends)), blur=0.006)
        canvas.shade(under, np.array([0.80, 0.74, 0.73]))
        for top, bottom, tone, label in (
            (upper_edge, upper_line, 0.84, Region.U_LIP), (lower_line, lower_edge, 1.03, Region.L_LIP),
        ):  # fmt: skip
            lip = canvas.polygon(self.on_face(band(top, np.maximum(bottom, top + 0.0005))))
            canvas.paint(lip.blurred(canvas.pixels(0.0012)), self.skin * (tint * tone).astype(np.float32))
            canvas.label(lip, label)
        shine = spline(
            np.array([(-0.42 * w, 0.30), (0, 0.42), (0.42 * w, 0.30), (0, 0.52)]) * (1, mouth.lower), 6, closed=True
        )
        middle = float(np.interp(0, s, lower_line))
        canvas.light(canvas.polygon(self.on_face(shine + (0, middle)), blur=0.0035), 62 * mouth.gloss * self.light)
        if gap <= 0.004:
            line = canvas.lines([self.on_face(path(upper_line))], 0.0030, 0.0011)
            canvas.shade(line, np.array([0.34, 0.22, 0.22]))
        corner = [
            self.on_face(
                np.array(
                    [
                        (t * (w - 0.004), MOUTH_Y - 0.65 * lift),
                        (t * (w + 0.005), MOUTH_Y - 0.65 * lift - 0.003 * mouth.smile),
                    ]
                )
            )
            for t in (-1, 1)
        ]  # noqa: E501
        canvas.shade(canvas.lines(corner, 0.005, 0.003), np.array([0.5, 0.38, 0.38]))
        del person

    def beard_hairs(self) -> None:
        """Single hairs over the shaded beard, or the dots of a shaven one."""
        canvas, beard = self.canvas, self.person.beard
        if beard.kind == "none":
            return
        g = numpy_generator(self.person.noise, "beard")
        density = beard_density(self.person, self.shape)
        count = 2600
        root = np.stack([g.uniform(-0.26, 0.26, count), g.uniform(0.5, 0.95, count)], axis=1)
        cells = np.clip(((root + (0.5, 0)) * GRID).astype(int), 0, GRID - 1)
        root = root[g.random(count) < density[cells[:, 1], cells[:, 0]] * 1.1]
        length = 0.0045 if beard.kind == "stubble" else 0.015
        down = np.stack([0.9 * root[:, 0] + g.normal(0, 0.22, len(root)), np.full(len(root), 0.55)], axis=1)
        down /= np.linalg.norm(down, axis=1, keepdims=True)
        tip = root + down * g.uniform(0.5, 1.2, (len(root), 1)) * length
        inside = canvas.polygon(self._outline_pixels())
        for tone, chosen in ((0.55, slice(0, None, 3)), (0.95, slice(1, None, 3)), (1.45, slice(2, None, 3))):
            if not len(root[chosen]):
                continue
            ends = np.stack([self.on_face(root[chosen]), self.on_face(tip[chosen])], axis=1)
            hairs = canvas.lines(list(ends), 0.0016).clip(inside)
            opacity = (0.35 if beard.kind == "stubble" else 0.6) * beard.strength
            canvas.paint(hairs, np.clip(np.array(beard.colour) * tone, 0, 255), opacity=opacity)
