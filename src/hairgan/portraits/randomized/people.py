"""Who is drawn: the people and hairstyles of the plain portraits, spread as in aligned photographs and beyond."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy import ndarray

from hairgan.portraits.canvas import Camera
from hairgan.portraits.hairstyle import Hairstyle, sample_color, sample_streaks
from hairgan.portraits.identity import Beard, Colour, Identity, Scene
from hairgan.randomness import numpy_generator

_NATURAL = {"black": 0.27, "brown": 0.35, "blond": 0.19, "red": 0.08, "grey": 0.08, "other": 0.03}


def sample_person(seed: int, index: int) -> Identity:
    """The person number `index`, in the frame of CelebA-HQ: the eyes' line at 0.47, the chin at 0.91 of the height."""
    person = Identity.sample(seed, index)
    g = numpy_generator(seed, "randomized/person", index)
    head, eyes, brows, mouth, male = person.head, person.eyes, person.brows, person.mouth, person.male
    receding = male and g.random() < 0.30
    high, notch = (g.uniform(0.0, 0.06), g.uniform(0.2, 1.2)) if receding else (g.normal(0, 0.012), g.normal(0, 0.2))
    smile = float(np.clip(g.normal(0.45, 0.45), -0.3, 1.1))
    teeth = smile > 0.3 and g.random() < 0.72
    opening = float(g.uniform(0.018, 0.075)) if teeth else float(max(0.0, g.normal(0.0, 0.012)))
    thick = brows.thickness * float(g.uniform(0.95, 1.6))
    return replace(
        person,
        skin=_colour(np.array(person.skin) * np.exp(g.normal(0, (0.04, 0.04, 0.06)) * np.exp(g.normal(0, 0.05)))),
        head=replace(
            head,
            width=float(np.clip(head.width * np.exp(g.normal(0.03, 0.03)), 0.90, 1.14)),
            jaw=float(np.clip(head.jaw + g.normal(0, 0.05), 0.78, 1.2)),
            chin=float(np.clip(head.chin + g.normal(0, 0.012) + 0.25 * opening, -0.045, 0.055)),
            cheek=float(np.clip(head.cheek + g.normal(0, 0.03), 0.9, 1.12)),
            forehead=float(np.clip(head.forehead + high, -0.04, 0.075)),
            temples=float(np.clip(head.temples + notch, 0, 1.7)),
            sideburn=head.sideburn + float(g.normal(0.01, 0.02)),
            neck=float(np.clip(head.neck * np.exp(g.normal(0.06, 0.08)), 0.125, 0.24)),
        ),
        eyes=replace(
            eyes, openness=eyes.openness * float(g.uniform(0.62, 1.12)), width=eyes.width * float(g.uniform(0.94, 1.12))
        ),
        brows=replace(
            brows, thickness=float(np.clip(thick, 0.012, 0.042)), height=brows.height - float(g.uniform(0.0, 0.012)),
            density=float(g.uniform(0.35, 1.0)),
        ),
        mouth=replace(
            mouth, smile=smile, opening=opening, width=mouth.width * float(g.uniform(0.95, 1.18)),
            upper=mouth.upper * float(g.uniform(0.7, 1.1)), lower=mouth.lower * float(g.uniform(0.75, 1.1)),
        ),
        beard=_beard(g, person),
        clothes=replace(person.clothes, shoulder=float(np.clip(g.normal(1.0, 0.035), 0.91, 1.09))),
        scene=_scene(g, person.scene),
    )  # fmt: skip


def matched(person: Identity, style: Hairstyle) -> Identity:
    """The person with brows and beard that mostly go with the hair, and sometimes clothes that blend with it."""
    g = numpy_generator(person.noise, "randomized/matched")
    hair = np.array(style.color)
    beard, brows, clothes = person.beard, person.brows, person.clothes
    if g.random() < 0.65 and style.color_name != "other":
        beard = replace(beard, colour=_colour(hair * g.uniform(0.55, 1.15)))
        brows = replace(brows, colour=_colour(hair * g.uniform(0.45, 0.9)))
    draw = g.random()
    if draw < 0.3:  # suits and black dresses
        clothes = replace(clothes, colour=_colour(g.uniform(6, 45) * np.exp(g.normal(0, 0.12, 3))))
    elif draw < 0.4:
        clothes = replace(clothes, colour=_colour(hair * g.uniform(0.7, 1.3)))
    elif draw < 0.45:
        clothes = replace(clothes, colour=_colour(np.array(person.skin) * g.uniform(0.7, 1.2)))
    return replace(person, beard=beard, brows=brows, clothes=clothes)


def _colour(rgb: ndarray) -> Colour:
    red, green, blue = (float(v) for v in np.clip(rgb, 5, 250))
    return red, green, blue


def _beard(g: np.random.Generator, person: Identity) -> Beard:
    if not person.male:
        return person.beard
    kind = str(g.choice(["none", "stubble", "moustache", "goatee", "full"], p=[0.30, 0.27, 0.04, 0.13, 0.26]))
    return replace(person.beard, kind=kind, strength=float(g.uniform(0.45, 1.15)))  # type: ignore[arg-type]


def _scene(g: np.random.Generator, scene: Scene) -> Scene:
    light = np.array([g.normal(0, 0.6), g.uniform(-0.9, 0.15), g.uniform(0.5, 1.4)])
    light /= np.linalg.norm(light)
    free = g.random() < 0.10  # out of the aligned frame
    camera = Camera(
        yaw=float(np.clip(g.normal(0, 0.17), -0.42, 0.42)),
        pitch=float(np.clip(g.normal(0, 0.08), -0.2, 0.2)),
        roll=float(g.normal(0, 0.22) if free else np.clip(g.normal(0, 0.045), -0.14, 0.14)),
        zoom=float(g.uniform(0.72, 1.25) if free else np.clip(g.normal(1.05, 0.035), 0.95, 1.16)),
        shift_x=float(g.normal(0, 0.06 if free else 0.012)),
        shift_y=float(g.normal(-0.005, 0.05 if free else 0.010)),
    )
    return replace(
        scene,
        camera=camera,
        light=(float(light[0]), float(light[1]), float(light[2])),
        key=float(g.uniform(0.15, 0.9)),
        warmth=float(np.clip(g.normal(0.1, 0.6), -1.5, 1.5)),
    )


def sample_hairstyle(seed: int, index: int, person: Identity) -> Hairstyle:
    """The hairstyle number `index`; most men's is short."""
    g = numpy_generator(seed, "randomized/hairstyle", index)
    shares = [0.72, 0.12, 0.16] if person.male else [0.17, 0.21, 0.62]
    length, name = (
        str(g.choice(["short", "bob", "long"], p=shares)),
        str(g.choice(list(_NATURAL), p=list(_NATURAL.values()))),
    )
    if person.age > 0.6 and g.random() < 0.35:
        name = "grey"
    style = Hairstyle.sample(seed, index)
    for other in range(1, 100):
        if style.length == length:
            break
        style = Hairstyle.sample(seed, (other << 32) + index)
    short = style.length == "short"
    kind = str(g.choice(["as it is", "loose waves", "big", "sleek"], p=[0.35, 0.27, 0.18, 0.20]))
    volume, flare = style.volume * float(g.uniform(0.6, 1.25)), style.flare + float(g.normal(0.02, 0.03))
    wave, wavelength, coil, texture = style.wave, style.wavelength, style.coil, style.texture
    if kind == "loose waves":
        wave, wavelength, coil, texture = (
            float(g.uniform(0.008, 0.024)),
            float(g.uniform(0.13, 0.34)),
            float(g.uniform(0, 0.3)),
            "perm",
        )
        volume += 0.012
    elif kind == "big":
        volume, flare = float(g.uniform(0.045, 0.07 if short else 0.095)), flare + float(g.uniform(0.02, 0.14))
    elif kind == "sleek":
        volume *= 0.6
    end = style.end
    if short:
        buzz = person.male and g.random() < 0.14
        end = float(g.uniform(0.055, 0.085)) if buzz else end * float(g.uniform(0.8, 1.5))
        volume = 0.008 if buzz else volume
    elif style.length == "bob":
        end = float(g.uniform(0.66, 0.98))
    behind = (g.random(2) < 0.05) | (g.random() < 0.07) if not short else np.zeros(2, dtype=bool)  # the ears
    color = np.array(sample_color(g, name)) * np.exp(g.normal(0, 0.12)) + g.normal(0, 2, 3)
    streaks = float(np.clip(style.streak_share + g.normal(0.0, 0.25), 0, 0.8))
    streaks = 0.0 if name == "black" or g.random() < 0.4 else streaks
    return replace(
        style,
        volume=float(np.clip(volume, 0.006, 0.12)), flare=flare, wave=wave, wavelength=wavelength, coil=coil,
        texture=texture, bangs="none" if g.random() < 0.4 else style.bangs, end=end,
        tucked_left=bool(style.tucked_left | behind[0]), tucked_right=bool(style.tucked_right | behind[1]),
        part=style.part + float(g.normal(0, 0.03)),
        bangs_end=style.bangs_end + float(g.normal(-0.005, 0.025)),
        color_name=name,  # type: ignore[arg-type]
        color=_colour(color), streaks=sample_streaks(g, _colour(color)),
        streak_share=streaks,
        sweep=float(g.uniform(0.4, 2.0)), shine=float(g.uniform(0.1, 1.7)),
        frizz=style.frizz * float(g.uniform(0.6, 2.6)),
    )  # fmt: skip
