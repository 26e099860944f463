"""The paths of locks of hair: they grow from the scalp in the direction of combing, lie on the skull, and hang down.

A lock is a curve in head coordinates. All locks are grown at once: a step moves every tip along its direction, gravity
bends the direction, and tips inside the skull are pushed out to their lock's height above it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.head import SKULL_CENTER
from hairgan.portraits.identity import Head
from hairgan.portraits.scalp import FRONT, Roots, comb, cut, plant, skull_axes, unit
from hairgan.randomness import numpy_generator

LOWEST = 1.16  # y below which no hair is drawn: outside the frame for every camera


@dataclass
class Locks:
    """Grown hair, in the order in which it is to be drawn.

    Attributes:
        points: (locks, points, 3), from the root to the tip.
        normals: outward direction of the head under each point, unit length.
        phase: of the wave at each point, radians; its amplitude is in `points` already.
        width: half width of each lock at its middle.
        taper: half width at the tip against the middle.
        tone: brightness of each lock, around 1.
        front: grows on the visible half of the head.
        bangs: hangs over the forehead.
        side: -1 or 1, the side of the picture it falls on.
    """

    points: Float[ndarray, "l m 3"]
    normals: Float[ndarray, "l m 3"]
    phase: Float[ndarray, "l m"]
    width: Float[ndarray, " l"]
    taper: Float[ndarray, " l"]
    tone: Float[ndarray, " l"]
    front: Bool[ndarray, " l"]
    bangs: Bool[ndarray, " l"]
    side: Float[ndarray, " l"]

    def tucked(self, chosen: Bool[ndarray, " l"]) -> Locks:
        """The locks, with the chosen ones cut off where they go behind the ear."""
        x, y = self.points[..., 0], self.points[..., 1]
        behind = y > 0.40 + 1.3 * np.maximum(np.abs(x) - 0.20, 0)
        count = behind.shape[1]
        last = np.where(behind.any(axis=1) & chosen, np.maximum(behind.argmax(axis=1), 2), count - 1)
        at = last[:, None] * np.linspace(0, 1, count)
        low = np.minimum(at.astype(int), count - 2)
        share = (at - low)[..., None].astype(np.float32)
        rows = np.arange(len(self))[:, None]
        points = self.points[rows, low] * (1 - share) + self.points[rows, low + 1] * share
        return replace(self, points=points, taper=np.where(chosen, 0.1, self.taper))

    def __getitem__(self, chosen: ndarray) -> Locks:
        return Locks(**{name: value[chosen] for name, value in vars(self).items()})

    def __len__(self) -> int:
        return len(self.points)


def grow(style: Hairstyle, head: Head, density: float = 1.0) -> Locks:
    """The locks of a hairstyle on a head.

    Args:
        density: share of the locks, chosen at random; if it is below 1, the others are wider.
    """
    rng = numpy_generator(style.noise, "flow")
    roots = plant(style, head, rng)
    if density < 1:
        share = np.where(np.abs(roots.azimuth) < FRONT, density, 0.5 * density)  # little of the back is visible
        kept = (rng.random(len(roots)) < share) | roots.bangs
        roots, wider = roots[kept], np.where(roots.bangs, 1.0, share**-0.7)[kept]
    count = len(roots)
    direction = comb(style, roots, rng)
    end, length = cut(style, roots, rng)
    rank = np.clip(0.35 + 0.65 * roots.height + rng.normal(0, 0.08, count), 0.1, 1.05)  # higher roots: farther out
    steps = 14 if style.length == "short" else 30
    pace = np.linspace(0.3, 1.7, steps)  # shorter near the root, where hair bends most
    path, step, last = _march(style, head, roots, direction, rank, np.minimum(end, LOWEST), length, pace, rng)
    points = _resampled(style, path, step, last, pace)
    normals = ((points - SKULL_CENTER) / skull_axes(head) ** 2).astype(np.float32)
    normals[..., 1] *= 1 - np.clip((points[..., 1] - 0.5) / 0.3, 0, 1)  # hanging hair surrounds a cylinder
    points, phase = _wave(style, points, roots, rng)

    spacing = {"short": 0.0115, "bob": 0.0175, "long": 0.0185}[style.length]
    width = spacing * rng.uniform(0.7, 1.35, count) * np.where(roots.bangs, 0.72, 1.0) * np.where(roots.fine, 0.42, 1.0)
    if density < 1:
        width = width * wider
    taper = np.full(count, {"short": 0.35, "bob": 0.6, "long": 0.25}[style.length])
    taper[roots.bangs] = 0.65 if style.bangs == "full" else 0.25
    order = rank + 0.8 * roots.bangs + 0.35 * roots.ahead - 0.5 * roots.fine * (roots.point[:, 1] > 0.3)
    locks = Locks(
        points=points,
        normals=unit(normals),
        phase=phase,
        width=width,
        taper=taper,
        tone=np.exp(rng.normal(0, 0.12, count)) * (0.86 + 0.16 * rank) * np.where(roots.bangs, 0.86, 1.0),
        front=np.abs(roots.azimuth) < FRONT,
        bangs=roots.bangs,
        side=roots.side,
    )
    return locks[np.argsort(order, kind="stable")]


def _resampled(
    style: Hairstyle,
    path: Float[ndarray, "n k 3"],
    step: Float[ndarray, " n"],
    last: Float[ndarray, " n"],
    pace: Float[ndarray, " k"],
) -> Float[ndarray, "n m 3"]:
    """Paths up to the fractional steps `last`, where locks are cut, with equally many points on each."""
    short = style.length == "short"
    if style.wave < 0.006:  # straight
        at = last[:, None] * np.linspace(0, 1, 10 if short else 24)
    else:  # waves want even spacing
        walk = np.cumsum(pace) - pace
        walked = np.interp(last, np.arange(len(walk)), walk)
        samples = 8 * float(np.max(walked * step)) / style.wavelength
        even = walked[:, None] * np.linspace(0, 1, int(np.clip(samples, 12 if short else 24, 96)))
        at = np.interp(even, walk, np.arange(len(walk)))
    low = np.minimum(at.astype(int), len(pace) - 2)
    share = (at - low)[..., None].astype(np.float32)
    rows = np.arange(len(path))[:, None]
    return path[rows, low] * (1 - share) + path[rows, low + 1] * share


def _march(
    style: Hairstyle,
    head: Head,
    roots: Roots,
    direction: Float[ndarray, "n 3"],
    rank: Float[ndarray, " n"],
    end: Float[ndarray, " n"],
    length: Float[ndarray, " n"],
    pace: Float[ndarray, " k"],
    rng: np.random.Generator,
) -> tuple[Float[ndarray, "n k 3"], Float[ndarray, " n"], Float[ndarray, " n"]]:
    """Grow all locks; returns their paths, their mean step, and the fractional step at which each is cut."""
    count, loose, bangs = len(roots), style.length != "short", roots.bangs
    axes = skull_axes(head)
    enough = np.where(bangs, 0.5, np.maximum(end - roots.point[:, 1], 0.05) * 1.12 + 0.30)
    mean_step = np.minimum(length, enough) / (len(pace) - 1)
    offset = (style.volume * rank * (0.25 + 0.75 * roots.inland))[:, None]
    gravity = np.where(bangs, 7.0, 9.0 if loose else 3.0)[:, None]
    wander = rng.normal(0, 0.5 + 1.5 * style.coil if loose else 1.2, (count, 3)) * (1, 0.2, 1)
    drape = _Drape(style, head, roots, rng)
    tip = roots.point + 0.7 * offset * roots.normal
    path = np.empty((count, len(pace), 3), dtype=np.float32)  # what follows is large, and float32 is enough
    walked = np.zeros((count, 1))
    for number in range(len(pace)):
        path[:, number] = tip
        step = mean_step[:, None] * pace[number]
        walked = walked + step
        tip = tip + direction * step
        shell = axes + offset * np.minimum(1.0, 0.7 + walked / 0.1)
        relative = (tip - SKULL_CENTER) / shell  # inside the shell where its length is below 1
        radius = np.sqrt(np.einsum("ni,ni->n", relative, relative))[:, None]
        inside = radius < 1
        tip = np.where(inside, SKULL_CENTER + (tip - SKULL_CENTER) / np.maximum(radius, 1e-6), tip)
        weight = gravity * (1 + 5 * np.clip(walked - 0.12, 0, 0.5) * loose)  # long hair is heavier
        direction = direction + step * (weight * (0.0, 1.0, 0.0) + wander)
        normal = unit(relative / shell)
        inward = np.minimum(np.sum(direction * normal, axis=1, keepdims=True), 0)
        direction = np.where(inside, direction - inward * normal, direction)
        if loose:
            direction[:, 0] *= 1 - np.clip(7 * step[:, 0], 0, 0.6) * np.clip((tip[:, 1] - 0.45) * 5, 0, 1)
            direction = direction + step * drape(tip)
        direction = unit(direction)
    below = path[:, :, 1] > end[:, None]
    below[:, :3] = False
    last = np.where(below.any(axis=1), below.argmax(axis=1), len(pace) - 1)
    y = path[np.arange(count), last, 1]
    before = path[np.arange(count), last - 1, 1]
    over = np.clip((y - end) / np.maximum(y - before, 1e-6), 0, 1)
    return path, mean_step, last - np.where(below.any(axis=1), over, 0)


class _Drape:
    """Sideways forces on hanging hair: away from the face, to its place beside the neck, and on the ends."""

    def __init__(self, style: Hairstyle, head: Head, roots: Roots, rng: np.random.Generator) -> None:
        self.style, self.side, self.free = style, roots.side, ~roots.bangs
        tucked = np.where(roots.side > 0, style.tucked_left, style.tucked_right)
        self.open = head.width * np.where(tucked, 1.12, 0.80 + 0.22 * style.sweep)
        self.spread = np.clip(rng.normal(0.96, 0.13, len(roots)), 0.62, 1.22)  # how far from the neck a lock hangs
        self.bend = rng.uniform(0, 2 * np.pi) + 1.3 * roots.side + rng.normal(0, 0.5, len(roots))
        self.strength = abs(rng.normal(0, 2.5))

    def __call__(self, tips: Float[ndarray, "n 3"]) -> Float[ndarray, "n 3"]:
        """The force on each tip."""
        style = self.style
        x, y, z = tips.T
        force = np.zeros_like(tips)
        cheek = np.interp(y, [0.22, 0.33, 0.48, 0.70, 0.86, 0.95], [0.04, 0.17, 0.25, 0.225, 0.17, 0.15]) * self.open
        covered = np.clip(cheek - self.side * x, 0, 0.1) * (z > 0.0)
        force[:, 0] += self.side * 260 * covered
        rest = np.interp(y, [0.5, 0.72, 0.90, 1.05], [0.295, 0.270, 0.275, 0.295])
        rest = rest + 0.9 * (style.volume - 0.034) + 1.5 * style.wave
        low = np.clip((y - 0.5) / 0.35, 0, 1)
        rest = rest * (1 + (self.spread - 1) * low) + style.flare * np.clip((y - 0.6) / 0.4, 0, 1)
        force[:, 0] -= np.sign(x) * 60 * np.clip(np.abs(x) - rest, -0.06, 0.12) * np.clip((y - 0.5) * 4, 0, 1)
        force[:, 0] += self.strength * np.sin(9 * y + self.bend) * low
        if style.length == "bob":
            force[:, 0] -= np.sign(x) * 7 * style.curl_in * np.clip((y - (style.end - 0.16)) / 0.16, 0, 1.2)
        return force * self.free[:, None]


def _wave(
    style: Hairstyle, points: Float[ndarray, "n m 3"], roots: Roots, rng: np.random.Generator
) -> tuple[Float[ndarray, "n m 3"], Float[ndarray, "n m"]]:
    """Bend the locks into waves, or for coils into corkscrews; returns their points and the phase at each point."""
    count = len(points)
    change = np.diff(points, axis=1)
    pieces = np.sqrt(np.einsum("lmi,lmi->lm", change, change))
    arc = np.concatenate([np.zeros((count, 1), np.float32), np.cumsum(pieces, axis=1)], axis=1)
    wavelength = style.wavelength * np.exp(rng.normal(0, 0.12, count))
    # neighbors have similar phases; coils less so
    start = 26 * roots.point[:, 1] + 9 * roots.point[:, 0] + rng.normal(0, 0.5 + 2.2 * style.coil, count)
    phase = arc * (2 * np.pi / wavelength).astype(np.float32)[:, None] + start.astype(np.float32)[:, None]
    tangent = unit(np.gradient(points, axis=1))
    across = unit(np.stack([-tangent[..., 1], tangent[..., 0], 0 * tangent[..., 2]], axis=-1))
    ramp = np.clip(arc / (0.16 - 0.10 * style.coil), 0.05, 1) * np.where(roots.bangs, 0.45, 1.0)[:, None]
    size = (style.wave * ramp * np.exp(rng.normal(0, 0.2, count))[:, None]).astype(np.float32)[..., None]
    turn = style.coil * size * np.cos(phase)[..., None]
    bent = points + size * np.sin(phase)[..., None] * across + 0.9 * turn * tangent
    bent[..., 2:] += turn
    return bent, phase
