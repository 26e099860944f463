"""Where hair goes: locks grow from the scalp, follow the comb, lie on the skull, and fall.

A lock is a curve in head coordinates. All locks are grown together: a step moves every tip by its direction, gravity
bends the direction, and tips that entered the skull are pushed out to the height their lock has over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from hairgan.data.portraits.hairstyle import Hairstyle
from hairgan.data.portraits.head import SKULL_AXES, SKULL_CENTRE
from hairgan.data.portraits.identity import Head
from hairgan.data.sampling import numpy_generator

_STEPS = 30
LOWEST = 1.16  # y below which no hair is drawn: outside the frame for every camera


@dataclass
class Locks:
    """Grown hair, in the order in which it is to be drawn within its layer.

    Attributes:
        points: (locks, points, 3), from the root to the tip.
        normals: outward direction of the head under each point, unit length.
        phase: of the wave at each point, radians; its amplitude is in `points` already.
        width: half width of each lock at its middle.
        taper: half width at the tip against the middle.
        tone: brightness of each lock, around 1.
        layer: 0 behind the body, 1 beside the face, 2 over the face (fringe and scalp).
        side: -1 or 1, the side of the picture it falls on.
    """

    points: Float[ndarray, "l m 3"]
    normals: Float[ndarray, "l m 3"]
    phase: Float[ndarray, "l m"]
    width: Float[ndarray, l]
    taper: Float[ndarray, l]
    tone: Float[ndarray, l]
    front: Bool[ndarray, l]
    fringe: Bool[ndarray, l]
    side: Float[ndarray, l]

    def __getitem__(self, chosen: ndarray) -> Locks:
        return Locks(**{name: value[chosen] for name, value in vars(self).items()})

    def __len__(self) -> int:
        return len(self.points)


def skull(head: Head) -> tuple[Float[ndarray, 3], Float[ndarray, 3]]:
    """Centre and half axes of the ellipsoid hair grows on."""
    return SKULL_CENTRE, SKULL_AXES * (head.width, 1.0, 1.0)


def hairline(head: Head, azimuth: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
    """y of the lower edge of the scalp; azimuth in radians, 0 in front, positive to the picture's right."""
    degrees = np.abs(np.rad2deg(azimuth))
    top = 0.208 - head.forehead
    notch = 0.055 * head.temples
    return np.interp(
        degrees, [0, 14, 30, 42, 52, 60, 67, 74, 84, 97, 110, 135, 180],
        [top + 0.004, top, top + 0.004 - 0.4 * notch, top + 0.026 - notch, top + 0.070 - 0.8 * notch, 0.345, 0.395, 0.470, 0.520, 0.480, 0.600, 0.690, 0.715],
    )  # fmt: skip


def on_skull(head: Head, azimuth: Float[ndarray, "*n"], y: Float[ndarray, "*n"]) -> Float[ndarray, "*n 3"]:
    """Points of the scalp."""
    centre, axes = skull(head)
    sin = np.clip((y - centre[1]) / axes[1], -0.995, 0.995)
    cos = np.sqrt(1 - sin**2)
    return np.stack([axes[0] * cos * np.sin(azimuth), y, centre[2] + axes[2] * cos * np.cos(azimuth)], axis=-1)


def _unit(vectors: Float[ndarray, "*n 3"]) -> Float[ndarray, "*n 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _roots(style: Hairstyle, head: Head, g: np.random.Generator) -> tuple[ndarray, ndarray]:
    """Azimuth and y of evenly spread roots over the scalp."""
    count = 620 if style.length == "short" else 330
    i = np.arange(count) + 0.5
    sin = 1 - 2 * i / count  # 1 at the crown
    azimuth = (i * np.pi * (3 - np.sqrt(5))) % (2 * np.pi) - np.pi
    azimuth = azimuth + g.normal(0, 0.05, count)
    centre, axes = skull(head)
    y = centre[1] - axes[1] * np.clip(sin + g.normal(0, 0.015, count), -0.99, 0.99)
    keep = y < hairline(head, azimuth) - 0.004
    if style.length == "short":
        keep &= np.abs(azimuth) < np.deg2rad(150)
    return azimuth[keep], y[keep]


def grow(style: Hairstyle, head: Head) -> Locks:
    """All the locks of a hairstyle on a head."""
    g = numpy_generator(style.noise, "flow")
    azimuth, y = _roots(style, head, g)
    line = np.deg2rad(np.linspace(-88, 88, 76)) + g.normal(0, 0.01, 76)  # the hairline itself, finer
    azimuth = np.concatenate([azimuth, line])
    y = np.concatenate([y, hairline(head, line) - g.uniform(0.0, 0.012, len(line))])
    fine = np.arange(len(y)) >= len(y) - len(line)
    count = len(y)
    centre, axes = skull(head)
    root = on_skull(head, azimuth, y)
    normal = _unit((root - centre) / axes**2)
    height = np.clip((0.42 - y) / 0.32, 0, 1)  # 1 at the crown, 0 at the ears
    ahead = np.clip(np.cos(azimuth), 0, 1)
    side = np.sign(root[:, 0] - style.part - g.normal(0, 0.006, count))
    side = np.where(height < 0.5, np.sign(root[:, 0]), side)

    fringe = np.zeros(count, dtype=bool)
    if style.bangs != "none":
        reach = {"full": 0.86, "swept": 0.82, "curtain": 0.5, "wispy": 0.72}[style.bangs]
        fringe = (np.abs(azimuth) < reach) & (root[:, 2] > 0.035) & (y < 0.36)
        if style.bangs in ("wispy", "curtain"):
            fringe &= y > 0.125
    direction = _comb(style, root, azimuth, height, ahead, side, fringe, g)
    direction -= np.sum(direction * normal, axis=1, keepdims=True) * normal
    near_part = np.exp(-(((root[:, 0] - style.part) / 0.06) ** 2)) * height
    lift = 0.10 + (0.9 * near_part if style.comb == "part" else 0.35) * min(1.0, style.volume / 0.03)
    if style.length == "short":
        lift = lift + {"up": 0.9, "back": 0.45, "forward": 0.3, "part": 0.25}[style.comb] * height
    lift = np.where(fringe, 0.35, lift) * (1 - 0.7 * fine)
    direction = _unit(_unit(direction) + np.asarray(lift)[:, None] * normal)

    end, length = _ends(style, root, height, fringe, g)
    rank = np.clip(0.35 + 0.65 * height + g.normal(0, 0.12, count), 0.1, 1.1)  # what grows higher lies further out
    offset = style.volume * rank
    points, normals = _march(style, head, root, normal, direction, length, offset, end, fringe, side, g)
    arc = np.concatenate(
        [np.zeros((count, 1)), np.cumsum(np.linalg.norm(np.diff(points, axis=1), axis=2), axis=1)], axis=1
    )
    points, phase = _wave(style, points, arc, root, fringe, g)

    spacing = {"short": 0.0115, "bob": 0.0175, "long": 0.0185}[style.length]
    width = spacing * g.uniform(0.7, 1.35, count) * np.where(fringe, 0.72, 1.0) * np.where(fine, 0.42, 1.0)
    blunt = 0.55 if style.length == "bob" or style.bangs == "full" else 0.25
    taper = np.where(fringe, 0.5 if style.bangs == "full" else 0.2, blunt if style.length != "short" else 0.2)
    tone = np.exp(g.normal(0, 0.13, count)) * (0.86 + 0.16 * rank)
    front = np.abs(azimuth) < np.deg2rad(104)
    locks = Locks(points, normals, phase, width, taper, tone, front, fringe, side)
    # lower and inner locks first; a fringe lies over the rest
    return locks[np.argsort(rank + 0.8 * fringe + 0.35 * ahead - 0.5 * fine * (y > 0.3), kind="stable")]


def _comb(
    style: Hairstyle,
    root: ndarray,
    azimuth: ndarray,
    height: ndarray,
    ahead: ndarray,
    side: ndarray,
    fringe: ndarray,
    g: np.random.Generator,
) -> Float[ndarray, "n 3"]:
    """Direction in which each root is combed."""
    count = len(root)
    jitter = g.normal(0, 0.10 if style.length != "short" else 0.16, (count, 3))
    zero = np.zeros(count)
    lateral = np.sign(root[:, 0])
    down = np.stack([0.15 * lateral, np.ones(count), -0.25 * ahead], axis=1)
    if style.comb == "part":
        top = np.stack([side, 0.10 + zero, -(0.15 + 0.75 * style.sweep) * ahead], axis=1)
    elif style.comb == "back":
        top = np.stack(
            [0.25 * lateral * np.abs(np.sin(azimuth)) + 0.2 * np.sign(style.part), -0.2 + zero, -1.0 + zero], axis=1
        )
    elif style.comb == "up":
        top = np.stack([0.5 * root[:, 0] / 0.25 + 0.35 * np.sign(style.part), -0.9 + zero, 0.25 * ahead], axis=1)
    else:
        top = np.stack([0.35 * np.sign(style.part) + 0.3 * lateral, 0.2 + zero, 0.3 + ahead], axis=1)
    share = np.clip(height * 1.5, 0, 1)[:, None]
    out = top * share + down * (1 - share)
    if style.bangs != "none":
        lean = {"full": 0.05, "swept": 1.0, "curtain": 0.55, "wispy": 0.25}[style.bangs]
        toward = np.sign(-style.part - 1e-3) if style.bangs in ("swept", "wispy") else lateral
        if style.bangs == "curtain":
            toward = side
        forward = np.stack([lean * toward + 0.9 * root[:, 0], 0.55 + zero, 0.8 + zero], axis=1)
        out = np.where(fringe[:, None], forward, out)
    return out + jitter


def _ends(
    style: Hairstyle, root: ndarray, height: ndarray, fringe: ndarray, g: np.random.Generator
) -> tuple[Float[ndarray, n], Float[ndarray, n]]:
    """y at which a lock is cut, and the length it has at most."""
    count = len(root)
    if style.length == "short":
        length = (0.045 + (style.end - 0.045) * np.clip(height * 1.6 - 0.25, 0, 1)) * g.uniform(0.75, 1.15, count)
        end = np.full(count, 0.56)
    else:
        ragged = 0.012 if style.length == "bob" else 0.05
        end = style.end + g.normal(0, ragged, count) - 0.05 * np.clip(root[:, 2] / 0.2, 0, 1) * (style.length == "bob")
        length = np.full(count, 1.6)
    if style.bangs != "none":
        ragged = {"full": 0.006, "swept": 0.018, "curtain": 0.03, "wispy": 0.012}[style.bangs]
        arch = 0.9 * root[:, 0] ** 2 + (0.20 * np.abs(root[:, 0]) if style.bangs == "curtain" else 0)
        cut = style.bangs_end + arch + g.normal(0, ragged, count) + (0.07 if style.bangs == "curtain" else 0)
        if style.bangs == "swept":
            cut = cut + 0.30 * np.sign(-style.part - 1e-3) * root[:, 0]
        end = np.where(fringe, cut, end)
        length = np.where(fringe, 0.6, length)
    return end, length


def _march(
    style: Hairstyle,
    head: Head,
    root: ndarray,
    normal: ndarray,
    direction: ndarray,
    length: ndarray,
    offset: ndarray,
    end: ndarray,
    fringe: ndarray,
    side: ndarray,
    g: np.random.Generator,
) -> tuple[Float[ndarray, "n m 3"], Float[ndarray, "n m 3"]]:
    """Grow all locks; returns points and normals, evenly spaced from root to cut."""
    count = len(root)
    centre, axes = skull(head)
    loose = style.length != "short"
    step = np.minimum(
        length, np.where(fringe, 0.5, np.maximum(np.minimum(end, LOWEST) - root[:, 1], 0.05) * 1.12 + 0.30)
    )
    step = (step / (_STEPS - 1))[:, None]
    gravity = np.where(fringe, 7.0, 9.0 if loose else 3.0)[:, None] * np.array([0.0, 1.0, 0.0])
    p, d = root.copy(), direction.copy()
    path = np.empty((count, _STEPS, 3))
    frame_out = 0.80 + 0.22 * style.sweep
    wander = g.normal(0, 1.2 if loose else 2.5, (count, 3)) * (1, 0.2, 1)
    for k in range(_STEPS):
        path[:, k] = p
        p = p + d * step
        ramp = np.minimum(1.0, (k + 1) * step / 0.05)
        shell = axes + offset[:, None] * ramp
        q = (p - centre) / shell
        radius = np.linalg.norm(q, axis=1, keepdims=True)
        n = _unit(q / shell)
        inside = radius < 1
        p = np.where(inside, centre + (p - centre) / np.maximum(radius, 1e-6), p)
        d = d + step * (gravity + wander)
        inward = np.minimum(np.sum(d * n, axis=1, keepdims=True), 0)
        d = np.where(inside, d - inward * n, d)
        if loose:
            d = d + step * _drape(style, p, side, fringe, head, frame_out)
        d = _unit(d)
    below = path[:, :, 1] > np.minimum(end, LOWEST)[:, None]
    below[:, :3] = False
    last = np.where(below.any(axis=1), below.argmax(axis=1), _STEPS - 1).astype(np.float64)
    previous = np.take_along_axis(path[:, :, 1], np.maximum(last - 1, 0).astype(int)[:, None], axis=1)[:, 0]
    at = np.take_along_axis(path[:, :, 1], last.astype(int)[:, None], axis=1)[:, 0]
    cut = below.any(axis=1)
    last = np.where(cut, last - np.clip((at - np.minimum(end, LOWEST)) / np.maximum(at - previous, 1e-6), 0, 1), last)

    arc = float(np.max(last[:, None] * step))
    samples = 18 if style.wave < 0.006 else int(np.clip(7 * arc / style.wavelength, 18, 84))
    at_step = last[:, None] * np.linspace(0, 1, samples)
    low = np.minimum(at_step.astype(int), _STEPS - 2)
    share = (at_step - low)[..., None]
    rows = np.arange(count)[:, None]
    points = path[rows, low] * (1 - share) + path[rows, low + 1] * share
    beside = np.clip((points[..., 1:2] - 0.5) / 0.3, 0, 1)  # below the ears hair hangs as around a cylinder
    normals = (points - centre) / axes**2
    normals[..., 1:2] *= 1 - beside
    return points, _unit(normals)


def _drape(
    style: Hairstyle, p: ndarray, side: ndarray, fringe: ndarray, head: Head, frame_out: float
) -> Float[ndarray, "n 3"]:
    """Sideways forces: away from the face, along the neck, and the turn of the ends."""
    x, y, z = p.T
    force = np.zeros_like(p)
    cheek = (
        np.interp(y, [0.22, 0.33, 0.48, 0.70, 0.86, 0.95], [0.04, 0.17, 0.25, 0.225, 0.17, 0.15])
        * head.width
        * frame_out
    )
    short = np.clip(cheek - side * x, 0, 0.1) * (z > 0.0) * ~fringe
    force[:, 0] += side * 260 * short
    rest = (
        np.interp(y, [0.5, 0.72, 0.90, 1.05], [0.30, 0.27, 0.275, 0.30])
        + 0.7 * (style.volume - 0.028)
        + 0.8 * style.wave
    )
    force[:, 0] -= np.sign(x) * 16 * np.clip(np.abs(x) - rest, -0.04, 0.2) * np.clip((y - 0.5) * 4, 0, 1) * ~fringe
    if style.length == "bob":
        turn = np.clip((y - (style.end - 0.16)) / 0.16, 0, 1.2)
        force[:, 0] -= np.sign(x) * 7 * style.curl_in * turn * ~fringe
    return force


def _wave(
    style: Hairstyle, points: ndarray, arc: ndarray, root: ndarray, fringe: ndarray, g: np.random.Generator
) -> tuple[Float[ndarray, "n m 3"], Float[ndarray, "n m"]]:
    """Bend the locks sideways, and for corkscrews along themselves too."""
    count = len(points)
    wavelength = style.wavelength * np.exp(g.normal(0, 0.12, count))
    # neighbours wave together, the more the less they coil
    start = 26 * root[:, 1] + 9 * root[:, 0] + g.normal(0, 0.5 + 2.2 * style.coil, count)
    phase = 2 * np.pi * arc / wavelength[:, None] + start[:, None]
    tangent = np.gradient(points, axis=1)
    across = _unit(np.stack([-tangent[..., 1], tangent[..., 0], 0 * tangent[..., 2]], axis=-1))
    tangent = _unit(tangent)
    ramp = np.clip(arc / (0.16 - 0.10 * style.coil), 0.05, 1) * np.where(fringe, 0.45, 1.0)[:, None]
    size = (style.wave * ramp * np.exp(g.normal(0, 0.2, count))[:, None])[..., None]
    bent = points + size * np.sin(phase)[..., None] * across
    bent = bent + 0.9 * style.coil * size * np.cos(phase)[..., None] * tangent
    bent[..., 2:] += style.coil * size * np.cos(phase)[..., None]
    return bent, phase
