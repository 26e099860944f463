"""The look of hair: locks are drawn as ribbons and strands with a tone, and tones are mapped to colors."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int32, UInt8
from numpy import ndarray

from hairgan.portraits.canvas import SUPERSAMPLING, Canvas, Mask, fixed_point
from hairgan.portraits.hair_flow import Locks
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Scene
from hairgan.portraits.scalp import unit
from hairgan.portraits.surface import light_color
from hairgan.randomness import numpy_generator

_BASE = 120  # the tone that has the hair's own color
_SCALP = 80
_STRAND = 0.0018  # thickness of a strand, picture widths
_LIGHT = 192  # cells per side of the map of light on hair


def tones(locks: Locks, style: Hairstyle, scene: Scene) -> Float[ndarray, "l m"]:
    """Brightness along each lock, 1 for the hair's own color.

    Light from one side, the highlight of Kajiya and Kay (1989, "Rendering fur with three dimensional textures",
    eq. 16), dark roots and bright tips, the front of each wave, and shade between neck and hair.
    """
    light = np.array(scene.light, dtype=np.float32)
    half = unit(light + np.array([0, 0, 1], dtype=np.float32))
    tangent = unit(np.gradient(locks.points, axis=1))
    diffuse = np.clip((locks.normals @ light + 0.9) / 1.9, 0, 1)
    along = unit(tangent - 0.10 * locks.normals) @ half
    glint = np.clip(1 - along**2, 0, 1) ** 28 * np.clip(locks.normals[..., 2] + 0.2, 0, 1)
    waved = min(1.0, style.wave / 0.012)
    swing = np.cos(locks.phase + 0.6)
    s = np.linspace(0, 1, locks.points.shape[1])
    tone = (1 - 0.80 * scene.key + 0.95 * scene.key * diffuse) * np.interp(
        s, [0, 0.08, 0.25, 1], [0.72, 0.92, 1.0, 1.06]
    )
    tone *= 1 + 0.30 * waved * swing
    shine = style.shine * (0.75 - 0.35 * float(np.mean(style.color)) / 255)
    tone += shine * glint * (1 - 0.35 * waved + 0.5 * waved * swing)
    x, y = locks.points[..., 0], locks.points[..., 1]
    nook = np.clip((y - 0.55) / 0.2, 0, 1) * np.clip((0.27 - np.abs(x)) / 0.14, 0, 1)
    return tone * (1 - 0.5 * nook) * locks.tone[:, None]


def paint_locks(
    canvas: Canvas, locks: Locks, style: Hairstyle, tone: Float[ndarray, "l m"], name: str, cap: Mask | None
) -> tuple[Mask, UInt8[ndarray, "h w 2"]]:
    """Draw locks, in their order, into a buffer of tones.

    Args:
        canvas: determines size and camera.
        locks: the locks to draw.
        style: determines frizz and streaks.
        tone: brightness along each lock.
        name: of the layer; seeds the strands.
        cap: mask of the scalp, which is filled with a dark tone first; None for none.

    Returns:
        coverage, and for each of its pixels the tone (0 to 255) and the share of streak color (0 to 255).
    """
    rng = numpy_generator(style.noise, "strands/" + name)
    side, count = canvas.side, len(locks)
    guide = canvas.project(locks.points)
    direction = np.gradient(guide, axis=1)
    across = np.stack([-direction[..., 1], direction[..., 0]], axis=-1)
    across = unit(across)
    within = (guide > -0.05 * side) & (guide < 1.05 * side)
    seen = (within[..., 0] & within[..., 1]).any(axis=1)
    streak = np.where(rng.random(count) < style.streak_share, rng.uniform(110, 230, count), 0.0)
    groups = 2 if side <= 320 else 3  # the hairs of a lock have this many different tones
    bright = np.clip(_BASE * np.exp(rng.normal(0.02, 0.14, (count, groups))), 20, 250)
    dark = _BASE * 0.78 * np.exp(rng.normal(0, 0.08, count))
    half, ribbon = _ribbons(canvas, locks, style, guide, across)
    strand = _strands(canvas, style, guide, across, half, 3 if name == "back" else None, rng)

    buffer = np.zeros((side, side, 3), dtype=np.uint8)  # tone, share of streak color, coverage
    buffer[..., 0] = _SCALP
    if cap is not None:
        buffer[..., 2][cap.window] = (cap.alpha * 255).astype(np.uint8)
    thickness = canvas.thickness(_STRAND * (0.75 if style.length == "short" else 1.0))
    for i in np.flatnonzero(seen):
        tint = float(streak[i])
        cv2.fillPoly(buffer, [ribbon[i]], (float(dark[i]), tint, 255.0), cv2.LINE_AA, 4)  # the body of a lock
        for k in range(groups):
            color = (float(bright[i, k]), tint, 255.0)
            cv2.polylines(buffer, list(strand[i, k::groups]), False, color, thickness, cv2.LINE_AA, 4)
    return _lit(buffer, _light_map(style, guide, across * half, tone, side))


def _lit(buffer: UInt8[ndarray, "s s 3"], light: Float32[ndarray, "l l"]) -> tuple[Mask, UInt8[ndarray, "h w 2"]]:
    """The covered part of a buffer, and its tones in the light, with the shares of streak color."""
    side = len(buffer)
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(buffer[..., 2]))
    left, top = x - x % SUPERSAMPLING, y - y % SUPERSAMPLING
    right, bottom = x + width + (x + width) % SUPERSAMPLING, y + height + (y + height) % SUPERSAMPLING
    window = slice(top, bottom), slice(left, right)
    drawn, tint_share, alpha = (np.ascontiguousarray(buffer[window][..., c]) for c in range(3))
    light = cv2.resize(light, (side, side), interpolation=cv2.INTER_LINEAR)
    lit = cv2.multiply(drawn, light[window], dtype=cv2.CV_8U) if alpha.size else drawn
    return Mask(alpha * np.float32(1 / 255), left, top), np.stack([lit, tint_share], axis=-1)


def _ribbons(
    canvas: Canvas, locks: Locks, style: Hairstyle, guide: Float32[ndarray, "l m 2"], across: Float32[ndarray, "l m 2"]
) -> tuple[Float32[ndarray, "l m 1"], Int32[ndarray, "l k 2"]]:
    """Half width of each lock in pixels, and the contour of its body, which is shorter than its hairs."""
    short = style.length == "short"
    samples = guide.shape[1]
    s = np.linspace(0, 1, samples)
    body = np.interp(s, [0, 0.12, 0.5, 1.0], [0.45 if short else 0.75, 1.0, 1.0, 0.0])
    tip = np.interp(s, [0.5, 1], [0, 1]) * locks.taper[:, None]
    width = locks.width[:, None] * canvas.pixels(1.0)
    half, slim = (((body + share * tip) * width)[..., None].astype(np.float32) for share in (1.0, 0.35))
    solid = max(3, int(samples * (0.80 if short else 0.94)))
    edges = [(guide + across * slim * 0.94)[:, :solid], (guide - across * slim * 0.94)[:, :solid][:, ::-1]]
    return half, fixed_point(np.concatenate(edges, axis=1))


def _strands(
    canvas: Canvas,
    style: Hairstyle,
    guide: Float32[ndarray, "l m 2"],
    across: Float32[ndarray, "l m 2"],
    half: Float32[ndarray, "l m 1"],
    hairs: int | None,
    rng: np.random.Generator,
) -> Int32[ndarray, "l c m 2"]:
    """The hairs of each lock: side by side, slightly waved, of different lengths. Larger pictures have more."""
    count, samples = guide.shape[:2]
    if hairs is None:
        hairs = 5 if canvas.side <= 320 else 8 if canvas.side <= 640 else 14
    s = np.linspace(0, 1, samples, dtype=np.float32)
    place = np.linspace(-1, 1, hairs, dtype=np.float32) + np.float32(0.22) * rng.standard_normal(
        (count, hairs), np.float32
    )
    place *= np.where(rng.random((count, hairs)) < 0.06 * style.frizz, np.float32(1.6), np.float32(1))  # fly-aways
    frizz = np.float32(0.0016 * style.frizz * canvas.pixels(1.0))
    bend = frizz * rng.standard_normal((2, count, hairs, 1), np.float32)
    phase = 13.2 * s + np.float32(2 * np.pi) * rng.random((count, hairs, 1), np.float32)
    sway = bend[0] * np.sin(phase) + bend[1] * np.float32(1.6) * s
    ragged = 0.40 if style.length == "short" else 0.08 if style.bangs == "full" else 0.16
    stop = np.rint((samples - 1) * (1 - ragged * rng.random((count, hairs)) ** 1.5)).astype(int)
    strand = guide[:, None] + across[:, None] * (half[:, None] * place[..., None, None] + sway[..., None])
    upto = np.minimum(np.arange(samples), stop[..., None])
    lock, hair = np.ogrid[:count, :hairs]
    return fixed_point(strand[lock[..., None], hair[..., None], upto])


def _light_map(
    style: Hairstyle,
    guide: Float32[ndarray, "l m 2"],
    half: Float32[ndarray, "l m 2"],
    tone: Float[ndarray, "l m"],
    side: int,
) -> Float32[ndarray, "k k"]:
    """Brightness of the uppermost lock in each cell of a coarse grid, smoothed."""
    pieces = max(1, round((30 if style.length == "short" else 72) / guide.shape[1]))
    at = np.arange(0, guide.shape[1] - 1, 1 / pieces, dtype=np.float32)
    low = at.astype(int)
    share = (at - low).astype(np.float32)[None, :, None]

    def fine(values: Float32[ndarray, "l m c"]) -> Float32[ndarray, "l k c"]:
        return values[:, low] * (1 - share) + values[:, low + 1] * share

    scale = np.float32(_LIGHT / side)
    center, reach = fine(guide * scale), fine(half * scale)
    cells = np.stack([center + reach * np.float32(t) for t in (-0.7, 0.0, 0.7)], axis=2).astype(np.int32)
    column, row = cells[..., 0], cells[..., 1]
    keep = (column >= 0) & (column < _LIGHT) & (row >= 0) & (row < _LIGHT)
    index = (row * _LIGHT + column)[keep]
    value = np.repeat(fine(tone[..., None].astype(np.float32)), 3, axis=2)
    weight = np.full(_LIGHT * _LIGHT, 1e-4, dtype=np.float32)
    total = 0.8 * weight  # cells without a lock, such as the scalp at the parting, are a little darker
    total[index] = value[keep]  # later locks are over earlier ones
    weight[index] = 1
    soft = [cv2.GaussianBlur(v.reshape(_LIGHT, _LIGHT), (0, 0), 1.1) for v in (total, weight)]
    return soft[0] / soft[1]


def _ramp(color: tuple[float, float, float], scene: Scene) -> Float32[ndarray, "1 256 3"]:
    """Color of each tone: deep and brown in the shade, pale in the light."""
    base = np.array(color)
    vivid = (base.max() - base.min()) / max(base.max(), 1.0)  # dark tones of blond and red are brown, of gray gray
    warm = 1 + 0.6 * vivid * np.array([0.45, -0.12, -0.5])
    shadow = base * 0.10 + base * base / 255 * 0.10
    pale = base * 1.26 + (12 + 0.10 * base.mean()) * light_color(scene)
    stops = np.stack([shadow * warm, base * 0.55 * warm, base, pale, pale * 1.10 + 44])
    tone = np.arange(256)
    ramp = np.stack([np.interp(tone, [0, 60, _BASE, 190, 255], stops[:, c]) for c in range(3)], axis=1)
    return np.clip(ramp, 0, 252).astype(np.float32)[None]


def colorize(buffer: UInt8[ndarray, "h w 2"], style: Hairstyle, scene: Scene) -> Float32[ndarray, "h w 3"]:
    """Colors of the tones that `paint_locks` returned."""
    tone = cv2.merge([np.ascontiguousarray(buffer[..., 0])] * 3)
    color: ndarray = cv2.LUT(tone, _ramp(style.color, scene))
    if style.streak_share > 0:
        share = buffer[..., 1:] * np.float32(1 / 255)
        color += (cv2.LUT(tone, _ramp(style.streaks, scene)) - color) * share
    return color
