"""How hair looks: locks become ribbons and strands with a tone, tones become colours."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from hairgan.data.portraits.canvas import Canvas, Mask, fixed_point
from hairgan.data.portraits.hair_flow import Locks
from hairgan.data.portraits.hairstyle import Hairstyle
from hairgan.data.portraits.identity import Scene
from hairgan.data.portraits.surface import light_colour
from hairgan.data.sampling import numpy_generator

_BASE = 120  # the tone that has the hair's own colour
_STRAND = 0.0018  # thickness of a strand, picture widths
_LIGHT = 192  # cells a side of the map of light on hair


def tones(locks: Locks, style: Hairstyle, scene: Scene) -> Float[ndarray, "l m"]:
    """Brightness along each lock, 1 for the hair's own colour: light from a side, the highlight of Kajiya and Kay
    (1989), dark roots and bright tips, and the front of each wave."""
    light = np.array(scene.light)
    half = light + (0, 0, 1)
    half /= np.linalg.norm(half)
    tangent = np.gradient(locks.points, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
    facing = locks.normals @ light
    diffuse = np.clip((facing + 0.9) / 1.9, 0, 1)
    shifted = tangent - 0.10 * locks.normals
    along = (shifted @ half) / np.linalg.norm(shifted, axis=-1)
    glint = np.sqrt(np.clip(1 - along**2, 0, 1)) ** 56 * np.clip(locks.normals[..., 2] + 0.2, 0, 1)
    s = np.linspace(0, 1, locks.points.shape[1])
    ends = np.interp(s, [0, 0.08, 0.25, 1], [0.72, 0.92, 1.0, 1.06])
    tone = (1 - scene.key * 0.80 + scene.key * 0.95 * diffuse) * ends
    strength = min(1.0, style.wave / 0.012)
    tone = tone * (1 + 0.30 * strength * np.cos(locks.phase + 0.6))
    tone = tone + (0.75 - 0.35 * np.mean(style.color) / 255) * style.shine * glint * (
        1 - 0.35 * strength + 0.5 * strength * np.cos(locks.phase + 0.6)
    )
    x, y = locks.points[..., 0], locks.points[..., 1]
    nook = np.clip((y - 0.55) / 0.2, 0, 1) * np.clip((0.27 - np.abs(x)) / 0.14, 0, 1)  # between neck and hair
    return tone * (1 - 0.5 * nook) * locks.tone[:, None]


def paint_locks(
    canvas: Canvas,
    locks: Locks,
    style: Hairstyle,
    tone: Float[ndarray, "l m"],
    name: str,
    cap: Mask | None = None,
) -> tuple[Mask, UInt8[ndarray, "h w 2"]]:
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
    buffer[..., 0] = 80
    if cap is not None:
        buffer[..., 2][cap.window] = (cap.alpha * 255).astype(np.uint8)
    count, samples = locks.points.shape[:2]
    children = (5 if side <= 320 else 8 if side <= 640 else 14) + 0
    children = 3 if name == "back" else children
    thickness = canvas.thickness(_STRAND * (0.75 if style.length == "short" else 1.0))
    guide = canvas.project(locks.points)  # all in float32 from here: these arrays are large
    direction = np.gradient(guide, axis=1)
    across = np.stack([-direction[..., 1], direction[..., 0]], axis=-1)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6)
    s = np.linspace(0, 1, samples, dtype=np.float32)
    body = np.interp(s, [0, 0.12, 0.5, 1.0], [0.45 if style.length == "short" else 0.75, 1.0, 1.0, 0.0])[None]
    tip = np.interp(s, [0.5, 1], [0, 1])[None]
    scale = (locks.width[:, None] * canvas.pixels(1.0))[..., None]
    half = ((body + tip * locks.taper[:, None])[..., None] * scale).astype(np.float32)
    slim = ((body + tip * 0.35 * locks.taper[:, None])[..., None] * scale * 0.94).astype(np.float32)
    solid = max(3, int(samples * (0.8 if style.length == "short" else 0.94)))
    edge = [(guide + across * slim)[:, :solid], (guide - across * slim)[:, :solid][:, ::-1]]
    ribbon = fixed_point(np.concatenate(edge, axis=1))

    place = np.linspace(-1, 1, children, dtype=np.float32)[None] + np.float32(0.22) * g.standard_normal(
        (count, children), np.float32
    )
    stray = g.random((count, children)) < 0.06 * style.frizz
    place = np.where(stray, place * np.float32(1.6), place)
    wobble = g.standard_normal((count, children, 2), np.float32) * np.float32(style.frizz * 0.0016 * canvas.pixels(1.0))
    phase = (13.2 * s)[None, None] + np.float32(6.3) * g.random((count, children, 1), np.float32)
    sway = wobble[..., :1] * np.sin(phase) + wobble[..., 1:] * s * np.float32(1.6)
    strand = guide[:, None] + across[:, None] * (half[:, None] * place[..., None, None] + sway[..., None])
    # hairs of one lock end at different heights
    ragged = 0.40 if style.length == "short" else 0.08 if style.bangs == "full" else 0.16
    stop = np.rint((samples - 1) * (1 - ragged * g.random((count, children)) ** 1.5)).astype(int)
    step = np.minimum(np.arange(samples)[None, None], stop[..., None])
    points = fixed_point(np.take_along_axis(strand, step[..., None], axis=2))

    inside = ((guide > -0.05 * side) & (guide < 1.05 * side)).all(axis=2).any(axis=1)
    streak = (g.random(count) < style.streak_share) * g.uniform(110, 230, count)
    groups = 3
    vary = np.clip(_BASE * np.exp(g.normal(0.02, 0.14, (count, groups))), 20, 250)
    dark = _BASE * 0.78 * np.exp(g.normal(0, 0.08, count))
    for i in np.flatnonzero(inside):
        tint = float(streak[i])
        cv2.fillPoly(buffer, [ribbon[i]], (float(dark[i]), tint, 255.0), cv2.LINE_AA, 4)
        for k in range(groups):
            colour = (float(vary[i, k]), tint, 255.0)
            cv2.polylines(buffer, list(points[i, k::groups]), False, colour, thickness, cv2.LINE_AA, 4)
    alpha = buffer[..., 2]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return Mask(np.zeros((0, 0), dtype=np.float32), 0, 0), buffer[:0, :0, :2]
    y0, y1 = int(rows[0]) // 2 * 2, (int(rows[-1]) // 2 + 1) * 2
    x0, x1 = int(columns[0]) // 2 * 2, (int(columns[-1]) // 2 + 1) * 2
    part = buffer[y0:y1, x0:x1]
    light = _light_map(guide, across * half, tone, side)
    here = cv2.resize(light, (side, side), interpolation=cv2.INTER_LINEAR)[y0:y1, x0:x1]
    lit = cv2.multiply(np.ascontiguousarray(part[..., 0]), here, dtype=cv2.CV_8U)
    return Mask(part[..., 2] * np.float32(1 / 255), x0, y0), cv2.merge([lit, np.ascontiguousarray(part[..., 1])])


def _light_map(
    guide: Float[ndarray, "l m 2"], half: Float[ndarray, "l m 2"], tone: Float[ndarray, "l m"], side: int
) -> Float32[ndarray, "k k"]:
    """Light on the uppermost lock of each cell of a coarse grid, smoothed."""
    fill = max(1, round(100 / guide.shape[1]))
    at = np.arange(0, guide.shape[1] - 1, 1 / fill, dtype=np.float32)
    low = at.astype(int)
    share = (at - low)[None, :, None]

    def fine(values: ndarray) -> ndarray:
        return values[:, low] * (1 - share) + values[:, low + 1] * share

    centre, reach = fine(guide) * (_LIGHT / side), fine(half) * (_LIGHT / side)
    cells = np.stack([centre + reach * t for t in (-0.7, 0.0, 0.7)], axis=2).astype(np.int32)  # l m 3 2
    value = np.repeat(fine(tone[..., None].astype(np.float32)), 3, axis=2)
    column, row = cells[..., 0], cells[..., 1]
    keep = (column >= 0) & (column < _LIGHT) & (row >= 0) & (row < _LIGHT)
    index = (row * _LIGHT + column)[keep]
    total = np.zeros(_LIGHT * _LIGHT, dtype=np.float32)
    weight = np.full(_LIGHT * _LIGHT, 1e-4, dtype=np.float32)
    total[:] = 0.8e-4
    total[index] = value[keep]  # a later lock lies over an earlier one
    weight[index] = 1
    blur = [cv2.GaussianBlur(v.reshape(_LIGHT, _LIGHT), (0, 0), 1.1) for v in (total, weight)]
    return blur[0] / blur[1]


def ramp(colour: tuple[float, float, float], scene: Scene) -> Float32[ndarray, "256 3"]:
    """Colour of each tone: deep and saturated in the shade, pale in the light."""
    base = np.array(colour)
    vivid = (base.max() - base.min()) / max(base.max(), 1.0)  # shadows of blond and red hair are brown
    warm = 1 + 0.6 * vivid * np.array([0.45, -0.12, -0.5])
    shadow = base * 0.10 + base * base / 255 * 0.10
    pale = base * 1.26 + (12 + 0.10 * base.mean()) * light_colour(scene)
    white = pale * 1.10 + 44
    stops = np.stack([shadow * warm, base * 0.55 * warm, base, pale, white])
    out = np.stack([np.interp(np.arange(256), [0, 60, _BASE, 190, 255], stops[:, c]) for c in range(3)], axis=1)
    return np.clip(out, 0, 252).astype(np.float32)


def colourize(mask: Mask, tone: ndarray, style: Hairstyle, scene: Scene) -> Float32[ndarray, "h w 3"]:
    """Colours of a buffer that `paint_locks` returned."""
    index = cv2.merge([np.ascontiguousarray(tone[..., 0])] * 3)
    colour = cv2.LUT(index, ramp(style.color, scene)[None])
    if style.streak_share > 0:
        streaks = cv2.LUT(index, ramp(style.streaks, scene)[None])
        colour += (streaks - colour) * (tone[..., 1:] * np.float32(1 / 255))
    return colour
