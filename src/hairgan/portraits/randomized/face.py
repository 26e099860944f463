"""Shine on skin, teeth, and beards that extend beyond the chin. All of a beard is labeled as skin."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import disc, spline
from hairgan.portraits.face import Face
from hairgan.portraits.head import CHIN_Y, MOUTH_Y
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region


def paint_shine(face: Face) -> None:
    """Paint the highlights of a flash on forehead, nose, cheeks and chin."""
    rng = numpy_generator(face.person.noise, "randomized/shine")
    if rng.random() < 0.35:
        return
    canvas, strength = face.canvas, float(rng.uniform(10, 70))
    drift = float(rng.normal(0, 0.03))
    for x, y, radius in (
        (0.0, 0.30, 0.06),
        (0.0, 0.60, 0.014),
        (0.0, 0.52, 0.010),
        (-0.15, 0.58, 0.030),
        (0.15, 0.58, 0.030),
        (0.0, 0.86, 0.025),
    ):
        if rng.random() < 0.7:
            spot = disc(
                x + drift + float(rng.normal(0, 0.01)),
                y + float(rng.normal(0, 0.01)),
                radius * float(rng.uniform(0.6, 1.3)),
                float(rng.uniform(0.5, 1.3)),
            )
            canvas.light(
                canvas.polygon(face.on(spot), blur=0.35 * radius), strength * face.light * float(rng.uniform(0.4, 1.0))
            )


def paint_teeth(face: Face) -> None:
    """Paint teeth in an open mouth; in most photographs they are visible from edge to edge."""
    canvas, person = face.canvas, face.person
    rng = numpy_generator(person.noise, "randomized/laugh")
    if person.mouth.opening < 0.014 or rng.random() < 0.2:
        return
    part = canvas.labels == Region.MOUTH
    rows = np.flatnonzero(part.any(axis=1))
    columns = np.flatnonzero(part.any(axis=0))
    if len(rows) < 2 or len(columns) < 4:
        return
    window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    alpha = part[window].astype(np.float32)
    height, width = alpha.shape
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None]
    depth = float(rng.uniform(0.45, 1.3))  # how far down the teeth go
    shown = np.clip((depth - down - 0.35 * across**2) * 6, 0, 1) * np.clip((1 - np.abs(across)) * 5, 0, 1)
    gaps = 1 - 0.22 * np.clip(np.cos(across * float(rng.uniform(9, 14)) * np.pi) * 4 - 2.6, 0, 1)
    white = (
        np.array([236, 230, 220]) * float(rng.uniform(0.8, 1.08)) * face.light * (0.7 + 0.3 * face.base.mean() / 210)
    )
    shade = (1 - 0.35 * np.abs(across) ** 2 - 0.2 * np.clip(0.35 - down, 0, 1)) * gaps
    side = (2 * width, 2 * height)
    tone = cv2.resize(shade.astype(np.float32), side, interpolation=cv2.INTER_LINEAR)[..., None] * white.astype(
        np.float32
    )
    share = cv2.resize(alpha * shown, side, interpolation=cv2.INTER_LINEAR)[..., None]
    target = canvas.image[2 * window[0].start : 2 * window[0].stop, 2 * window[1].start : 2 * window[1].stop]
    target += (np.clip(tone, 0, 252) - target) * share


def paint_full_beard(face: Face) -> None:
    """Paint a full beard or goatee, which can hang below the chin, as a texture that runs down and outward."""
    canvas, person = face.canvas, face.person
    if person.beard.kind not in ("full", "goatee"):
        return
    rng = numpy_generator(person.noise, "randomized/beard")
    if rng.random() < 0.3:
        return
    hang = float(rng.uniform(0.0, 0.02) if rng.random() < 0.6 else rng.uniform(0.02, 0.12))
    half = _half_beard(person, hang)
    contour = np.concatenate([half, half[::-1] * (-1, 1)])
    contour += rng.normal(0, 0.004, contour.shape)
    mask = canvas.polygon(face.canvas.project(contour, 0.10 * np.ones(len(contour))), blur=0.010)
    if not mask.alpha.size:
        return
    hair, clump = _beard_texture(rng, mask.alpha.shape, canvas.side / 512)
    edge = mask.alpha * (1.15 + 0.35 * clump) - 0.12
    mask.alpha = np.clip(edge, 0, 1) * np.float32(min(1.0, 0.35 + 0.6 * person.beard.strength))
    lips = np.isin(canvas.labels, (Region.MOUTH, Region.U_LIP, Region.L_LIP)).astype(np.float32)
    free = 1 - cv2.resize(lips, (canvas.side, canvas.side), interpolation=cv2.INTER_LINEAR)
    mask.alpha *= free[mask.window]
    gray = np.float32(1 + 0.45 * rng.random())
    layer = np.array(person.beard.color, dtype=np.float32) * np.clip(0.85 + 0.38 * gray * hair, 0.15, 2.6)[..., None]
    canvas.paint(mask, np.clip(layer, 0, 250), None)
    if hang > 0.02:
        canvas.label(mask, Region.SKIN)


def _half_beard(person: Identity, hang: float) -> Float[ndarray, "n 2"]:
    """The outline of half a beard, from the mouth around the jaw to `hang` below the chin."""
    chin, wide, jaw = CHIN_Y + person.head.chin, person.head.width, person.head.jaw
    top = MOUTH_Y + 0.045 + 0.7 * person.mouth.opening
    if person.beard.kind == "full":
        outer = [(0.250 * wide, 0.56), (0.245 * wide, 0.66), (0.213 * jaw, 0.75), (0.165 * jaw, 0.85 + 0.3 * hang),
                 (0.10 * jaw, chin - 0.02 + 0.8 * hang), (0.0, chin + 0.004 + hang)]  # fmt: skip
        inner = [
            (0.0, top),
            (0.05, top - 0.004),
            (0.10, MOUTH_Y + 0.02),
            (0.13, MOUTH_Y - 0.03),
            (0.19 * wide, 0.66),
            (0.225 * wide, 0.57),
        ]
    else:
        outer = [
            (0.115, MOUTH_Y - 0.01),
            (0.12, MOUTH_Y + 0.06),
            (0.09, chin - 0.03 + 0.6 * hang),
            (0.0, chin + 0.002 + hang),
        ]
        inner = [(0.0, top), (0.05, top - 0.004), (0.095, MOUTH_Y + 0.01)]
    return spline(np.array(inner + outer), 6)


def _beard_texture(
    rng: np.random.Generator, shape: tuple[int, ...], unit: float
) -> tuple[Float32[ndarray, "h w"], Float32[ndarray, "h w"]]:
    """Strands that lean outward on both sides, with clumps, and the clumps alone."""
    height, width = shape
    middle = width // 2
    lean = rng.normal(0.35, 0.15, 2)
    halves = [texture(rng, "strands", middle, height, 1.3 * unit, float(lean[0]))]
    halves += [texture(rng, "strands", width - middle, height, 1.3 * unit, float(-lean[1]))]
    hair = np.hstack(halves)
    clump = texture(rng, "grain", width, height, 2.0 * unit)
    return 0.75 * hair + 0.5 * clump, clump
