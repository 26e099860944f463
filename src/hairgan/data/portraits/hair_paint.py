"""How hair looks: locks become ribbons and strands with a tone, tones become colours."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.data.portraits.canvas import Canvas, Mask, fixed_point
from hairgan.data.portraits.hair_flow import Locks
from hairgan.data.portraits.hairstyle import Hairstyle
from hairgan.data.portraits.identity import Scene
from hairgan.data.portraits.surface import light_colour
from hairgan.data.sampling import numpy_generator

_BASE = 120  # the tone that has the hair's own colour
_STRAND = 0.0021  # thickness of a strand, picture widths


def tones(locks: Locks, style: Hairstyle, scene: Scene) -> Float[ndarray, "l m"]:
    """Brightness along each lock, 1 for the hair's own colour: light from a side, the highlight of Kajiya and Kay
    (1989), dark roots and bright tips, and the front of each wave."""
    light = np.array(scene.light)
    half = light + (0, 0, 1)
    half /= np.linalg.norm(half)
    tangent = np.gradient(locks.points, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
    facing = locks.normals @ light
    diffuse = np.clip((facing + 0.45) / 1.45, 0, 1)
    shifted = tangent + 0.12 * locks.normals
    along = (shifted @ half) / np.linalg.norm(shifted, axis=-1)
    glint = np.sqrt(np.clip(1 - along**2, 0, 1)) ** 34 * np.clip(locks.normals[..., 2] + 0.2, 0, 1)
    s = np.linspace(0, 1, locks.points.shape[1])
    ends = np.interp(s, [0, 0.10, 0.3, 1], [0.70, 0.92, 1.0, 1.06])
    tone = (1 - scene.key * 0.75 + scene.key * 0.95 * diffuse) * ends
    strength = min(1.0, style.wave / 0.012)
    tone = tone * (1 + 0.30 * strength * np.cos(locks.phase + 0.6))
    tone = tone + 0.55 * style.shine * glint * (1 - 0.35 * strength + 0.5 * strength * np.cos(locks.phase + 0.6))
    x, y = locks.points[..., 0], locks.points[..., 1]
    nook = np.clip((y - 0.55) / 0.2, 0, 1) * np.clip((0.27 - np.abs(x)) / 0.14, 0, 1)  # between neck and hair
    return tone * (1 - 0.5 * nook) * locks.tone[:, None]


def paint_locks(
    canvas: Canvas, locks: Locks, style: Hairstyle, tone: Float[ndarray, "l m"], name: str, cap: Mask | None = None
) -> tuple[Mask, Float32[ndarray, "h w 2"]]:
    """Draw locks, back to front, into a buffer of tones.

    Args:
        canvas: gives size and camera.
        locks: what to draw.
        style: gives frizz and streaks.
        tone: from `tones`.
        name: which layer this is; seeds the strands.
        cap: what the scalp covers, filled with a dark tone first.

    Returns:
        coverage, and for each of its pixels the tone (0 to 255) and the share of streak colour (0 to 255).
    """
    g = numpy_generator(style.noise, "strands/" + name)
    side = canvas.side
    buffer = np.zeros((side, side, 3), dtype=np.uint8)
    buffer[..., 0] = 60
    if cap is not None:
        buffer[..., 2][cap.window] = (cap.alpha * 255).astype(np.uint8)
    count, samples = locks.points.shape[:2]
    children = 4 if side <= 320 else 6 if side <= 640 else 9
    thickness = canvas.thickness(_STRAND)
    guide = canvas.project(locks.points)
    direction = np.gradient(guide, axis=1)
    across = np.stack([-direction[..., 1], direction[..., 0]], axis=-1)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6)
    s = np.linspace(0, 1, samples)
    body = np.interp(s, [0, 0.12, 0.55, 1.0], [0.75, 1.0, 1.0, 0.0])
    profile = body[None] + np.interp(s, [0.55, 1], [0, 1])[None] * locks.taper[:, None]
    half = (profile * locks.width[:, None] * canvas.pixels(1.0))[..., None]
    ribbon = np.concatenate([guide + across * half, (guide - across * half)[:, ::-1]], axis=1)

    place = np.linspace(-1, 1, children)[None] + g.normal(0, 0.22, (count, children))
    stray = g.random((count, children)) < 0.07 * style.frizz
    place = np.where(stray, place * 1.7, place)
    wobble = g.normal(0, 1, (count, children, 2)) * style.frizz * 0.0016
    phase = 2 * np.pi * (s * 2.1)[None, None] + g.uniform(0, 6.3, (count, children, 1))
    sway = (wobble[..., :1] * np.sin(phase) + wobble[..., 1:] * s * 1.6) * canvas.pixels(1.0)
    strand = guide[:, None] + across[:, None] * (half[:, None] * place[..., None, None] * 0.96 + sway[..., None])

    inside = ((guide > -0.05 * side) & (guide < 1.05 * side)).all(axis=2).any(axis=1)
    streak = (g.random(count) < style.streak_share) * g.uniform(110, 230, count)
    vary = np.exp(g.normal(0, 0.16, (count, 2)))
    levels = np.clip(tone * _BASE, 8, 250)
    span = max(2, (samples - 1) // (5 if samples <= 20 else 12))
    cuts = [(a, min(a + span, samples - 1)) for a in range(0, samples - 1, span)]
    middle = levels[:, [(a + b) // 2 for a, b in cuts]]
    points = fixed_point(strand)
    ribbons = fixed_point(ribbon)
    dark = levels.mean(axis=1) * 0.74
    groups = (slice(0, None, 2), slice(1, None, 2))
    for i in np.flatnonzero(inside):
        tint = float(streak[i])
        cv2.fillPoly(buffer, [ribbons[i]], (float(dark[i]), tint, 255.0), cv2.LINE_AA, 4)
        for j, (a, b) in enumerate(cuts):
            for k, group in enumerate(groups):
                value = float(min(255.0, middle[i, j] * vary[i, k]))
                cv2.polylines(
                    buffer, list(points[i, group, a : b + 1]), False, (value, tint, 255.0), thickness, cv2.LINE_AA, 4
                )
    alpha = buffer[..., 2]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return Mask(np.zeros((0, 0), dtype=np.float32), 0, 0), buffer[:0, :0, :2].astype(np.float32)
    y0, y1 = int(rows[0]) // 2 * 2, (int(rows[-1]) // 2 + 1) * 2
    x0, x1 = int(columns[0]) // 2 * 2, (int(columns[-1]) // 2 + 1) * 2
    part = buffer[y0:y1, x0:x1]
    return Mask(part[..., 2].astype(np.float32) / np.float32(255), x0, y0), part[..., :2]


def ramp(colour: tuple[float, float, float], scene: Scene) -> Float32[ndarray, "256 3"]:
    """Colour of each tone: deep and saturated in the shade, pale in the light."""
    base = np.array(colour)
    luminance = base.mean()
    shadow = base * 0.10 + base * base / 255 * 0.12
    pale = base * 1.32 + (18 + 0.10 * luminance) * light_colour(scene)
    white = pale * 1.12 + 46
    stops = np.stack([shadow, base * 0.52, base, pale, white])
    out = np.stack([np.interp(np.arange(256), [0, 58, _BASE, 190, 255], stops[:, c]) for c in range(3)], axis=1)
    return np.clip(out, 0, 252).astype(np.float32)


def colourize(mask: Mask, tone: ndarray, style: Hairstyle, scene: Scene) -> Float32[ndarray, "h w 3"]:
    """Colours of a buffer that `paint_locks` returned."""
    colour = ramp(style.color, scene)[tone[..., 0]]
    if style.streak_share > 0:
        share = tone[..., 1].astype(np.float32)[..., None] / np.float32(255)
        colour += (ramp(style.streaks, scene)[tone[..., 0]] - colour) * share
    return colour
