"""The scalp: where hair grows, and how it is combed and cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.head import SKULL_AXES, SKULL_CENTER
from hairgan.portraits.identity import Head

FRONT = np.deg2rad(97)
"""Azimuth in radians: hair that grows nearer to the face is drawn over the face, other hair behind the body."""
_FINE = 84  # extra thin locks along the hairline
_PARTING = 40  # extra locks along the parting


def unit(vectors: Float[ndarray, "*n d"]) -> Float[ndarray, "*n d"]:
    """Vectors scaled to length 1."""
    return vectors / np.sqrt(np.maximum(np.einsum("...i,...i->...", vectors, vectors), 1e-18))[..., None]


def skull_axes(head: Head) -> Float[ndarray, 3]:
    """Half axes of the ellipsoid hair grows on; its center is `SKULL_CENTER`."""
    return SKULL_AXES * (head.width, 1.0, 1.0)


def hairline(head: Head, azimuth: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
    """y of the lower edge of the scalp; azimuth in radians, 0 in front, positive to the picture's right."""
    top = 0.216 - head.forehead
    notch = 0.055 * head.temples
    degrees, y = np.array(
        [(0, top + 0.004), (14, top), (30, top + 0.004 - 0.4 * notch), (42, top + 0.026 - notch),
         (52, top + 0.070 - 0.8 * notch), (60, 0.345), (67, 0.395), (74, head.sideburn - 0.04), (84, head.sideburn),
         (97, 0.470), (110, 0.600), (135, 0.690), (180, 0.715)]
    ).T  # fmt: skip
    return np.interp(np.abs(np.rad2deg(azimuth)), degrees, y)


def on_skull(head: Head, azimuth: Float[ndarray, "*n"], y: Float[ndarray, "*n"]) -> Float[ndarray, "*n 3"]:
    """Points of the scalp."""
    axes = skull_axes(head)
    sin = np.clip((y - SKULL_CENTER[1]) / axes[1], -0.995, 0.995)
    cos = np.sqrt(1 - sin**2)
    return np.stack([axes[0] * cos * np.sin(azimuth), y, SKULL_CENTER[2] + axes[2] * cos * np.cos(azimuth)], axis=-1)


@dataclass
class Roots:
    """Where each lock starts.

    Attributes:
        point: on the scalp.
        normal: outward, unit length.
        azimuth: radians, 0 in front.
        height: 1 at the crown .. 0 at the ears.
        ahead: 1 in front .. 0 at the sides and behind.
        inland: 0 on the hairline .. 1 well inside the scalp.
        side: -1 or 1, the side of the parting.
        bangs: combed over the forehead.
        fine: a thin lock of the hairline.
    """

    point: Float[ndarray, "n 3"]
    normal: Float[ndarray, "n 3"]
    azimuth: Float[ndarray, " n"]
    height: Float[ndarray, " n"]
    ahead: Float[ndarray, " n"]
    inland: Float[ndarray, " n"]
    side: Float[ndarray, " n"]
    bangs: Bool[ndarray, " n"]
    fine: Bool[ndarray, " n"]

    def __getitem__(self, chosen: ndarray) -> Roots:
        return Roots(**{name: value[chosen] for name, value in vars(self).items()})

    def __len__(self) -> int:
        return len(self.point)


def plant(style: Hairstyle, head: Head, rng: np.random.Generator) -> Roots:
    """Roots spread evenly over the scalp, denser along the hairline."""
    count = 720 if style.length == "short" else 340
    i = np.arange(count) + 0.5
    azimuth = (i * np.pi * (3 - np.sqrt(5))) % (2 * np.pi) - np.pi + rng.normal(0, 0.05, count)
    axes = skull_axes(head)
    sin = np.clip(1 - 2 * i / count + rng.normal(0, 0.015, count), -0.99, 0.99)  # 1 at the crown
    y = SKULL_CENTER[1] - axes[1] * sin
    keep = y < hairline(head, azimuth) - 0.004
    if style.length == "short":
        keep &= np.abs(azimuth) < FRONT
    line = np.deg2rad(np.linspace(-88, 88, _FINE)) + rng.normal(0, 0.01, _FINE)
    azimuth = np.concatenate([azimuth[keep], line])
    y = np.concatenate([y[keep], hairline(head, line) - rng.uniform(0.0, 0.012, _FINE)])
    fine = np.arange(len(y)) >= len(y) - _FINE
    if style.comb == "part":  # both edges of the parting, from the forehead over the crown
        x = style.part / axes[0] + np.where(np.arange(_PARTING) % 2, 0.02, -0.02)
        elevation = np.deg2rad(np.linspace(34, 108, _PARTING))
        ring = np.sqrt(1 - x**2)
        azimuth = np.concatenate([azimuth, np.arctan2(x, ring * np.cos(elevation))])
        y = np.concatenate([y, SKULL_CENTER[1] - axes[1] * ring * np.sin(elevation)])
        fine = np.concatenate([fine, np.zeros(_PARTING, dtype=bool)])

    point = on_skull(head, azimuth, y)
    height = np.clip((0.42 - y) / 0.32, 0, 1)
    side = np.sign(point[:, 0] - style.part - rng.normal(0, 0.0015, len(y)))
    bangs = np.zeros(len(y), dtype=bool)
    if style.bangs != "none":
        reach = {"full": 1.02, "swept": 0.95, "curtain": 0.5, "wispy": 0.72}[style.bangs]
        bangs = (np.abs(azimuth) < reach) & (point[:, 2] > 0.0) & (y < 0.36)
        if style.bangs in ("wispy", "curtain"):
            bangs &= y > 0.125
    return Roots(
        point=point,
        normal=unit((point - SKULL_CENTER) / axes**2),
        azimuth=azimuth,
        height=height,
        ahead=np.clip(np.cos(azimuth), 0, 1),
        inland=np.clip((hairline(head, azimuth) - y) / 0.07, 0, 1),
        side=np.where(height < 0.5, np.sign(point[:, 0]), side),
        bangs=bangs,
        fine=fine,
    )


def comb(style: Hairstyle, roots: Roots, rng: np.random.Generator) -> Float[ndarray, "n 3"]:
    """Direction in which each lock leaves the scalp, unit length."""
    count, zero = len(roots), np.zeros(len(roots))
    x, lateral, toward = roots.point[:, 0], np.sign(roots.point[:, 0]), 1.0 if style.part < 0 else -1.0
    down = np.stack([0.15 * lateral, zero + 1.0, -0.25 * roots.ahead], axis=1)
    if style.comb == "part":
        top = np.stack([roots.side, zero + 0.10, -(0.15 + 0.75 * style.sweep) * roots.ahead], axis=1)
    elif style.comb == "back":
        top = np.stack([0.25 * lateral * np.abs(np.sin(roots.azimuth)) - 0.2 * toward, zero - 0.2, zero - 1.0], axis=1)
    elif style.comb == "up":
        top = np.stack([2.0 * x - 0.35 * toward, zero - 0.9, 0.25 * roots.ahead], axis=1)
    else:
        top = np.stack([0.3 * lateral - 0.35 * toward, zero + 0.2, 0.3 + roots.ahead], axis=1)
    share = np.clip(roots.height * 1.5, 0, 1)[:, None]
    direction = top * share + down * (1 - share)
    if style.bangs != "none":
        lean = {"full": 0.05 * lateral, "swept": toward, "curtain": 1.2 * roots.side, "wispy": 0.25 * toward}[
            style.bangs
        ]
        forward = np.stack([lean + 0.9 * x, zero + 0.55, zero + 0.8], axis=1)
        direction = np.where(roots.bangs[:, None], forward, direction)
    direction += rng.normal(0, 0.10, (count, 3))
    direction -= np.sum(direction * roots.normal, axis=1, keepdims=True) * roots.normal

    near_part = np.exp(-(((x - style.part) / 0.06) ** 2)) * roots.height
    lift = 0.10 + (0.15 * near_part if style.comb == "part" else 0.30 + zero) * min(1.0, style.volume / 0.034)
    if style.length == "short":
        lift = lift + {"up": 0.75, "back": 0.30, "forward": 0.2, "part": 0.15}[style.comb] * roots.height
    lift = np.where(roots.bangs, 0.2, lift) * (1 - 0.7 * roots.fine)
    return unit(unit(direction) + lift[:, None] * roots.normal)


def cut(style: Hairstyle, roots: Roots, rng: np.random.Generator) -> tuple[Float[ndarray, " n"], Float[ndarray, " n"]]:
    """For each lock: the y at which it is cut, and its largest length."""
    count, x = len(roots), roots.point[:, 0]
    if style.length == "short":
        length = (0.06 + (style.end - 0.06) * np.clip(roots.height * 1.6 - 0.25, 0, 1)) * rng.uniform(0.75, 1.15, count)
        length = length * (0.75 if style.comb == "up" else 1.0)
        length = length * np.where(roots.point[:, 1] > 0.4, 0.4 + 0.6 * roots.inland, 1.0)
        end = np.full(count, 0.56)
    else:
        bob = style.length == "bob"
        end = style.end + rng.normal(0, 0.012 if bob else 0.05, count)
        end = end - 0.05 * np.clip(roots.point[:, 2] / 0.2, 0, 1) * bob
        length = np.full(count, 1.6)
    if style.bangs != "none":
        ragged = {"full": 0.005, "swept": 0.018, "curtain": 0.03, "wispy": 0.012}[style.bangs]
        line = style.bangs_end + 1.2 * x**2 + rng.normal(0, ragged, count)
        if style.bangs == "curtain":
            line = line - 0.02 + 0.45 * np.abs(x)
        if style.bangs == "swept":
            line = line + 0.30 * (1.0 if style.part < 0 else -1.0) * x
        end = np.where(roots.bangs, line, end)
        length = np.where(roots.bangs, 0.6, length)
    return end, length
