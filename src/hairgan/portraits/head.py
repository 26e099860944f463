"""The head: its outline, its relief and the color of its skin."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import moved, spline
from hairgan.portraits.identity import Identity
from hairgan.portraits.surface import GRID, X, Y, bump, bumps, crease, heights_at

EYE_Y = 0.478
NOSE_Y = 0.652  # where the nose meets the lip
MOUTH_Y = 0.738
CHIN_Y = 0.918
SKULL_CENTER = np.array([0.0, 0.40, -0.05])
SKULL_AXES = np.array([0.258, 0.315, 0.30])
"""The ellipsoid that hair grows on."""


class HeadShape:
    """Geometry of one person's head, in head coordinates.

    Attributes:
        outline: closed contour of face and skull, (n, 2).
        height: z over the frame, (GRID, GRID).
        chin: y of the chin's lowest point.
    """

    def __init__(self, person: Identity) -> None:
        head = person.head
        self.chin = CHIN_Y + head.chin
        stretch = self.chin - MOUTH_Y
        wide, jaw, cheek = head.width, head.width * head.jaw, head.width * head.cheek
        # right half, from the crown to the chin
        half = np.array(
            [
                (0.000, 0.088), (0.110 * wide, 0.112), (0.192 * wide, 0.190), (0.236 * wide, 0.290),
                (0.254 * wide, 0.390), (0.257 * wide, 0.480), (0.250 * cheek, 0.570), (0.234 * cheek, 0.650),
                (0.208 * jaw, 0.738), (0.163 * jaw, MOUTH_Y + 0.46 * stretch), (0.103 * jaw, MOUTH_Y + 0.80 * stretch),
                (0.048 * jaw, MOUTH_Y + 0.975 * stretch), (0.0, self.chin),
            ]
        )  # fmt: skip
        mirrored = half[-2:0:-1] * (-1, 1)
        self.outline: Float[ndarray, "n 2"] = spline(np.concatenate([half, mirrored]), samples=6, closed=True)
        right = spline(half, samples=8)
        y = np.maximum.accumulate(right[:, 1])
        self._width = np.interp(Y[:, 0], y, np.maximum(right[:, 0], 0.095)).astype(np.float32)
        self.height: Float32[ndarray, "g g"] = self._relief(person)

    def depth(self, points: Float[ndarray, "n 2"]) -> Float32[ndarray, " n"]:
        """z of the face at points (x, y)."""
        return heights_at(self.height, np.asarray(points, dtype=np.float64))

    def _relief(self, person: Identity) -> Float32[ndarray, "g g"]:
        nose, mouth, male, age = person.nose, person.mouth, float(person.male), person.age
        smile = max(mouth.smile, 0.0)
        depth = np.interp(
            Y[:, 0], [0.08, 0.12, 0.20, 0.30, 0.40, 0.50, 0.70, 0.82, 0.88, self.chin, 1.0],
            [0.03, 0.10, 0.175, 0.222, 0.240, 0.236, 0.230, 0.218, 0.198, 0.150, 0.05],
        )  # fmt: skip
        across = np.clip(np.abs(X) / self._width[:, None], 0, 0.985)
        base = depth[:, None].astype(np.float32) * (1 - across**2.3) ** 0.56
        z = cv2.GaussianBlur(base.astype(np.float32), (0, 0), 2.2)

        drop = nose.length
        place = np.array([0.40, 0.455, 0.50, 0.56, 0.60, 0.622, 0.645, 0.664, 0.69]) + drop * np.linspace(0, 1.2, 9)
        ridge = np.interp(
            Y[:, 0], place,
            np.array([0, 0.006, 0.022, 0.043, 0.062, 0.070, 0.052, 0.014, 0]) * (0.55 + 0.45 * nose.bridge),
        )  # fmt: skip
        spread = np.interp(Y[:, 0], [0.44, 0.54, 0.60, 0.64], [0.017, 0.019, 0.026, 0.031]) * (0.4 + 0.6 * nose.width)
        profile = np.exp(-0.5 * (np.abs(X) / spread[:, None]) ** 2.4) * ridge[:, None]
        z += cv2.GaussianBlur(profile.astype(np.float32), (0, 0), 1.2)
        tip = NOSE_Y + drop
        z += 0.016 * nose.tip * bump(0.0, tip - 0.034, 0.019 * nose.width, 0.017)
        z += 0.027 * bumps(0.042 * nose.width, tip - 0.018, 0.0125, 0.0140)
        z -= 0.010 * bumps(0.058 * nose.width, tip - 0.012, 0.008, 0.014)

        z -= 0.026 * bumps(0.120, EYE_Y - 0.008, 0.050, 0.026)
        z -= 0.016 * bumps(0.062, EYE_Y - 0.010, 0.022, 0.022)
        z += 0.020 * bumps(person.eyes.distance, EYE_Y + 0.002, 0.034, 0.023)
        z += (0.007 + 0.008 * male) * bumps(0.105, 0.420, 0.062, 0.016)
        z += 0.014 * bumps(0.170, 0.590, 0.055, 0.045) + 0.014 * smile * bumps(0.135, 0.610, 0.042, 0.032)
        z -= 0.012 * bumps(0.150, 0.730, 0.045, 0.055) * (1.4 - person.head.cheek * 0.5)
        z -= (0.0016 + 0.0040 * smile + 0.0042 * age) * crease(
            [(0.058, 0.638), (0.078, 0.675), (0.098 + 0.012 * smile, 0.735)], 0.009
        )
        z -= 0.0030 * age * crease([(0.070, 0.520), (0.105, 0.534), (0.140, 0.522)], 0.007)
        for row in (0.275, 0.310, 0.345):
            z -= 0.0016 * age * crease([(0.0, row), (0.08, row - 0.006), (0.13, row + 0.006)], 0.005)

        low = MOUTH_Y + 0.6 * mouth.opening
        z += 0.010 * bump(0.0, MOUTH_Y - 0.020, 0.052, 0.013) + 0.014 * bump(0.0, low + 0.018, 0.044, 0.013)
        z -= 0.004 * bump(0.0, 0.690, 0.008, 0.018) - 0.003 * bumps(0.014, 0.690, 0.006, 0.018)
        z -= 0.012 * bump(0.0, low + 0.048, 0.040, 0.011)
        z -= 0.006 * bumps(mouth.width + 0.004, MOUTH_Y - 0.012 * smile, 0.012, 0.012)
        z += 0.013 * bump(0.0, self.chin - 0.058, 0.045, 0.030)
        return z.astype(np.float32)


def skin_color(person: Identity, shape: HeadShape) -> Float32[ndarray, "g g 3"]:
    """Color of the face before lighting: skin, blush, shadows around the eyes, makeup, beard."""
    skin = np.array(person.skin, dtype=np.float32)
    color = np.broadcast_to(skin, (GRID, GRID, 3)).copy()
    pale = float(skin.mean() / 255)
    rosy = person.blush * (0.9 * bumps(0.165, 0.615, 0.055, 0.045) + 0.5 * bump(0.0, 0.630, 0.035, 0.028))
    rosy += 0.25 * bump(0.0, shape.chin - 0.05, 0.05, 0.03)
    color *= 1 - rosy[..., None] * np.array([0.01, 0.17, 0.15], dtype=np.float32) * (0.35 + 0.65 * pale)
    tired = (0.5 + 0.5 * person.age) * bumps(0.118, 0.512, 0.045, 0.014) + 0.6 * bumps(
        0.085, EYE_Y - 0.012, 0.045, 0.022
    )
    color *= 1 - tired[..., None] * np.array([0.10, 0.15, 0.11], dtype=np.float32)
    lid = person.eyes.shadow_strength * bumps(person.eyes.distance + 0.006, EYE_Y - 0.024, 0.036, 0.014)
    color += (np.array(person.eyes.shadow, dtype=np.float32) - color) * np.clip(lid, 0, 0.75)[..., None]
    beard = beard_density(person, shape)
    if beard.max() > 0:
        amount = {"stubble": 0.34, "full": 0.80, "goatee": 0.72, "mustache": 0.66}[person.beard.kind]
        shadow = np.array(person.beard.color, dtype=np.float32) * 0.85 + skin * 0.12
        color += (shadow - color) * (beard * amount * person.beard.strength)[..., None]
    return color


def beard_density(person: Identity, shape: HeadShape) -> Float32[ndarray, "g g"]:
    """How densely the beard grows, 0 to 1."""
    kind = person.beard.kind
    if kind == "none":
        return np.zeros((GRID, GRID), dtype=np.float32)
    stretch = shape.chin - MOUTH_Y
    lip = MOUTH_Y - 0.032
    droop = 0.0 if kind == "mustache" else 1.0  # into the beard
    mustache = np.array(
        [(0.0, lip - 0.022), (0.05, lip - 0.018), (0.098, lip + 0.016), (0.118, lip + 0.022 + 0.048 * droop),
         (0.100, lip + 0.026 + 0.054 * droop), (0.080, lip + 0.020 + 0.010 * droop), (0.0, lip + 0.018)]
    )  # fmt: skip
    goatee = np.array(
        [(0.0, MOUTH_Y + 0.070), (0.045, MOUTH_Y + 0.065), (0.090, MOUTH_Y + 0.030), (0.122, MOUTH_Y + 0.035),
         (0.115, MOUTH_Y + 0.1), (0.075, shape.chin), (0.0, shape.chin + 0.02)]
    )  # fmt: skip
    cheeks = np.array(
        [(0.300, 0.500), (0.236, 0.560), (0.205, 0.655), (0.150, 0.715), (0.112, 0.728), (0.088, MOUTH_Y + 0.030),
         (0.045, MOUTH_Y + 0.062), (0.0, MOUTH_Y + 0.38 * stretch), (0.0, 1.0), (0.3, 1.0)]
    )  # fmt: skip
    parts = {"mustache": [mustache], "goatee": [mustache, goatee]}.get(kind, [mustache, cheeks])
    out = np.zeros((GRID, GRID), dtype=np.uint8)
    for part in parts:
        for side in (-1, 1):
            points = moved(spline(part * (side, 1), 6), 0.5, 0.0) * GRID - 0.5
            cv2.fillPoly(out, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(out.astype(np.float32) / 255, (0, 0), 0.011 * GRID)
