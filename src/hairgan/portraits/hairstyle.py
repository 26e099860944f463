"""Hairstyles: length, bangs, texture, parting, volume and color, independent of the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hairgan.portraits.identity import Color
from hairgan.randomness import key, numpy_generator

_TONES: dict[str, list[Color]] = {
    "black": [(20, 17, 17), (30, 25, 26), (38, 30, 27)],
    "brown": [(58, 38, 26), (82, 55, 36), (104, 70, 44), (122, 86, 58)],
    "blond": [(166, 126, 74), (196, 156, 96), (216, 182, 126), (232, 212, 172)],
    "red": [(104, 36, 18), (142, 58, 24), (172, 82, 36), (190, 104, 56)],
    "grey": [(112, 110, 110), (150, 148, 148), (188, 186, 184), (216, 214, 212)],
    "other": [
        (196, 64, 120),
        (60, 92, 176),
        (112, 66, 168),
        (44, 140, 128),
        (214, 110, 150),
        (70, 150, 84),
        (190, 40, 60),
    ],
}
HAIR_COLORS = tuple(_TONES)


@dataclass(frozen=True)
class Hairstyle:
    """A hairstyle. Lengths and heights are in head coordinates: picture widths, y downward."""

    length: Literal["short", "bob", "long"]
    end: float  # y of the tips; for short hair the length of the hair on top
    texture: Literal["straight", "perm"]
    wave: float  # amplitude of the waves
    wavelength: float
    coil: float  # 0 waves in the plane .. 1 corkscrews
    bangs: Literal["none", "full", "swept", "curtain", "wispy"]
    bangs_end: float  # y of their tips
    comb: Literal["part", "back", "up", "forward"]
    part: float  # x of the parting, -0.12 .. 0.12
    volume: float  # height of the hair over the skull
    flare: float  # how far the ends stand out sideways
    sweep: float  # 0 falls over the temples .. 1 combed away from the face
    tucked_left: bool  # behind the subject's left ear
    tucked_right: bool
    curl_in: float  # how far the ends turn inward (negative: outward)
    color_name: Literal["black", "brown", "blond", "red", "grey", "other"]
    color: Color
    streaks: Color
    streak_share: float
    shine: float
    frizz: float
    noise: int  # seeds the single strands

    @staticmethod
    def sample(seed: int, index: int) -> Hairstyle:
        """Hairstyle number `index`: a function of `(seed, index)` alone."""
        rng = numpy_generator(seed, "hairstyle", index)
        length = str(rng.choice(["short", "bob", "long"], p=[0.36, 0.22, 0.42]))
        perm = bool(rng.random() < 0.40)
        comb = (
            str(rng.choice(["part", "back", "up", "forward"], p=[0.4, 0.2, 0.2, 0.2])) if length == "short" else "part"
        )
        bangs = "none"
        if rng.random() < (0.36 if length != "short" else 0.30):
            shares = [0.42, 0.28, 0.12, 0.18] if length != "short" else [0.35, 0.40, 0.0, 0.25]
            bangs = str(rng.choice(["full", "swept", "curtain", "wispy"], p=shares))
            comb = "part" if comb in ("back", "up") else comb
        if length == "short" and comb == "forward":
            bangs = bangs if bangs != "none" else str(rng.choice(["none", "wispy"], p=[0.75, 0.25]))
        coil = float(rng.beta(0.8, 1.2)) if perm else 0.0
        end = {"short": rng.uniform(0.09, 0.20), "bob": rng.uniform(0.76, 0.90), "long": rng.uniform(1.06, 1.45)}[
            length
        ]
        side = -1.0 if rng.random() < 0.5 else 1.0
        name = str(rng.choice(HAIR_COLORS, p=[0.24, 0.30, 0.20, 0.10, 0.09, 0.07]))
        color = sample_color(rng, name)
        tucked = rng.random(2) < (0.22 if length != "short" else 0.0)
        return Hairstyle(
            length=length,  # type: ignore[arg-type]
            end=float(end),
            texture="perm" if perm else "straight",
            wave=float(rng.uniform(0.010, 0.022) if perm else abs(rng.normal(0, 0.0018))),
            wavelength=float(rng.uniform(0.07, 0.16) * (1 - 0.45 * coil) if perm else rng.uniform(0.2, 0.4)),
            coil=coil,
            bangs=bangs,  # type: ignore[arg-type]
            bangs_end=float(np.clip(rng.normal(0.415, 0.018), 0.365, 0.445)),
            comb=comb,  # type: ignore[arg-type]
            part=float(side * rng.choice([0.0, 0.05, 0.085], p=[0.3, 0.3, 0.4]) + rng.normal(0, 0.006)),
            volume=float(np.clip(rng.normal(0.034, 0.008) + (0.02 * coil + 0.008 if perm else 0), 0.012, 0.065)),
            flare=float(rng.normal(0.008, 0.022)),
            sweep=float(rng.uniform(0.0, 1.0)),
            tucked_left=bool(tucked[0]),
            tucked_right=bool(tucked[1]),
            curl_in=float(rng.normal(0.5, 0.5) if length == "bob" else rng.normal(0.1, 0.3)),
            color_name=name,  # type: ignore[arg-type]
            color=color,
            streaks=sample_streaks(rng, color),
            streak_share=float(max(0.0, rng.normal(0.05, 0.30))) if name in ("brown", "blond", "red", "other") else 0.0,
            shine=float(rng.uniform(0.35, 1.0) * (0.7 if perm else 1.0)),
            frizz=float(rng.uniform(0.4, 1.0) * (1.8 if perm else 1.0)),
            noise=key(seed, "hairstyle/noise", index),
        )


def sample_color(rng: np.random.Generator, name: str) -> Color:
    """A color of the family `name`."""
    tones = np.array(_TONES[name])
    if name == "other":
        rgb = tones[rng.integers(len(tones))] * np.exp(rng.normal(0, 0.15)) + rng.normal(0, 10, 3)
    else:
        position = rng.uniform(0, len(tones) - 1)
        rgb = np.array([np.interp(position, np.arange(len(tones)), tones[:, c]) for c in range(3)])
        rgb = rgb * np.exp(rng.normal(0, 0.025, 3))
    red, green, blue = (float(v) for v in np.clip(rgb, 8, 245))
    return red, green, blue


def sample_streaks(rng: np.random.Generator, color: Color) -> Color:
    """The color of lighter strands in hair of `color`."""
    light = np.array(color) * 0.72 + np.array([214, 176, 120]) * 0.28 + rng.normal(0, 5, 3)
    red, green, blue = (float(v) for v in np.clip(light, 8, 245))
    return red, green, blue
