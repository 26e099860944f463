"""The hairstyles of the plain portraits, with more variety of volume, waves and color."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hairgan.portraits.hairstyle import Hairstyle, sample_color, sample_streaks
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.identity import clipped_color
from hairgan.randomness import numpy_generator

_COLOR_SHARES = {"black": 0.27, "brown": 0.35, "blond": 0.19, "red": 0.08, "grey": 0.08, "other": 0.03}


def sample_hairstyle(seed: int, index: int, person: Identity) -> Hairstyle:
    """Hairstyle number `index`; most men have short hair."""
    rng = numpy_generator(seed, "randomized/hairstyle", index)
    shares = [0.72, 0.12, 0.16] if person.male else [0.17, 0.21, 0.62]
    length, name = (
        str(rng.choice(["short", "bob", "long"], p=shares)),
        str(rng.choice(list(_COLOR_SHARES), p=list(_COLOR_SHARES.values()))),
    )
    if person.age > 0.6 and rng.random() < 0.35:
        name = "grey"
    style = Hairstyle.sample(seed, index)
    for attempt in range(1, 100):
        if style.length == length:
            break
        style = Hairstyle.sample(seed, (attempt << 32) + index)
    style = _with_ends(rng, _of_a_kind(rng, style), person.male)
    tucked = np.zeros(2, dtype=bool) if style.length == "short" else (rng.random(2) < 0.05) | (rng.random() < 0.07)
    color = np.array(sample_color(rng, name)) * np.exp(rng.normal(0, 0.12)) + rng.normal(0, 2, 3)
    streaks = float(np.clip(style.streak_share + rng.normal(0.0, 0.25), 0, 0.8))
    streaks = 0.0 if name == "black" or rng.random() < 0.4 else streaks
    return replace(
        style,
        bangs="none" if rng.random() < 0.4 else style.bangs,
        tucked_left=bool(style.tucked_left | tucked[0]), tucked_right=bool(style.tucked_right | tucked[1]),
        part=style.part + float(rng.normal(0, 0.03)),
        bangs_end=style.bangs_end + float(rng.normal(-0.005, 0.025)),
        color_name=name,  # type: ignore[arg-type]
        color=clipped_color(color), streaks=sample_streaks(rng, clipped_color(color)),
        streak_share=streaks,
        sweep=float(rng.uniform(0.4, 2.0)), shine=float(rng.uniform(0.1, 1.7)),
        frizz=style.frizz * float(rng.uniform(0.6, 2.6)),
    )  # fmt: skip


def _of_a_kind(rng: np.random.Generator, style: Hairstyle) -> Hairstyle:
    """Leave the hairstyle unchanged, or make it wavy, big or sleek."""
    short = style.length == "short"
    kind = str(rng.choice(["as it is", "loose waves", "big", "sleek"], p=[0.35, 0.27, 0.18, 0.20]))
    volume, flare = style.volume * float(rng.uniform(0.6, 1.25)), style.flare + float(rng.normal(0.02, 0.03))
    wave, wavelength, coil, texture = style.wave, style.wavelength, style.coil, style.texture
    if kind == "loose waves":
        wave, wavelength, coil, texture = (
            float(rng.uniform(0.008, 0.024)),
            float(rng.uniform(0.13, 0.34)),
            float(rng.uniform(0, 0.3)),
            "perm",
        )
        volume += 0.012
    elif kind == "big":
        volume, flare = float(rng.uniform(0.045, 0.07 if short else 0.095)), flare + float(rng.uniform(0.02, 0.14))
    elif kind == "sleek":
        volume *= 0.6
    return replace(style, volume=volume, flare=flare, wave=wave, wavelength=wavelength, coil=coil, texture=texture)


def _with_ends(rng: np.random.Generator, style: Hairstyle, male: bool) -> Hairstyle:
    """The hairstyle with other ends; some short hair of men is shaved close."""
    end, volume = style.end, style.volume
    if style.length == "short":
        buzz = male and rng.random() < 0.14
        end = float(rng.uniform(0.055, 0.085)) if buzz else end * float(rng.uniform(0.8, 1.5))
        volume = 0.008 if buzz else volume
    elif style.length == "bob":
        end = float(rng.uniform(0.66, 0.98))
    return replace(style, end=end, volume=float(np.clip(volume, 0.006, 0.12)))
