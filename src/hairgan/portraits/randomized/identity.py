"""The people of the plain portraits, with as much variety as in aligned photographs, and more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy import ndarray

from hairgan.portraits.canvas import Camera
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Beard, Color, Identity, Scene
from hairgan.randomness import numpy_generator


def sample_identity(seed: int, index: int) -> Identity:
    """Person number `index`, in the frame of CelebA-HQ: the eyes at 0.47 and the chin at 0.91 of the height."""
    person = Identity.sample(seed, index)
    rng = numpy_generator(seed, "randomized/person", index)
    head, eyes, brows, mouth, male = person.head, person.eyes, person.brows, person.mouth, person.male
    receding = male and rng.random() < 0.30
    high, notch = (
        (rng.uniform(0.0, 0.06), rng.uniform(0.2, 1.2)) if receding else (rng.normal(0, 0.012), rng.normal(0, 0.2))
    )
    smile = float(np.clip(rng.normal(0.45, 0.45), -0.3, 1.1))
    teeth = smile > 0.3 and rng.random() < 0.72
    opening = float(rng.uniform(0.018, 0.075)) if teeth else float(max(0.0, rng.normal(0.0, 0.012)))
    thick = brows.thickness * float(rng.uniform(0.95, 1.6))
    return replace(
        person,
        skin=clipped_color(
            np.array(person.skin) * np.exp(rng.normal(0, (0.04, 0.04, 0.06)) * np.exp(rng.normal(0, 0.05)))
        ),
        head=replace(
            head,
            width=float(np.clip(head.width * np.exp(rng.normal(0.03, 0.03)), 0.90, 1.14)),
            jaw=float(np.clip(head.jaw + rng.normal(0, 0.05), 0.78, 1.2)),
            chin=float(np.clip(head.chin + rng.normal(0, 0.012) + 0.25 * opening, -0.045, 0.055)),
            cheek=float(np.clip(head.cheek + rng.normal(0, 0.03), 0.9, 1.12)),
            forehead=float(np.clip(head.forehead + high, -0.04, 0.075)),
            temples=float(np.clip(head.temples + notch, 0, 1.7)),
            sideburn=head.sideburn + float(rng.normal(0.01, 0.02)),
            neck=float(np.clip(head.neck * np.exp(rng.normal(0.06, 0.08)), 0.125, 0.24)),
        ),
        eyes=replace(
            eyes,
            openness=eyes.openness * float(rng.uniform(0.62, 1.12)),
            width=eyes.width * float(rng.uniform(0.94, 1.12)),
        ),
        brows=replace(
            brows,
            thickness=float(np.clip(thick, 0.012, 0.042)),
            height=brows.height - float(rng.uniform(0.0, 0.012)),
            density=float(rng.uniform(0.35, 1.0)),
        ),
        mouth=replace(
            mouth,
            smile=smile,
            opening=opening,
            width=mouth.width * float(rng.uniform(0.95, 1.18)),
            upper=mouth.upper * float(rng.uniform(0.7, 1.1)),
            lower=mouth.lower * float(rng.uniform(0.75, 1.1)),
        ),
        beard=_beard(rng, person),
        clothes=replace(person.clothes, shoulder=float(np.clip(rng.normal(1.0, 0.035), 0.91, 1.09))),
        scene=_scene(rng, person.scene),
    )


def match_colors(person: Identity, style: Hairstyle) -> Identity:
    """Give a person brows and a beard that mostly match the hair, and sometimes clothes that are similar to it."""
    rng = numpy_generator(person.noise, "randomized/matched")
    hair = np.array(style.color)
    beard, brows, clothes = person.beard, person.brows, person.clothes
    if rng.random() < 0.65 and style.color_name != "other":
        beard = replace(beard, color=clipped_color(hair * rng.uniform(0.55, 1.15)))
        brows = replace(brows, color=clipped_color(hair * rng.uniform(0.45, 0.9)))
    draw = rng.random()
    if draw < 0.3:  # suits and black dresses
        clothes = replace(clothes, color=clipped_color(rng.uniform(6, 45) * np.exp(rng.normal(0, 0.12, 3))))
    elif draw < 0.4:
        clothes = replace(clothes, color=clipped_color(hair * rng.uniform(0.7, 1.3)))
    elif draw < 0.45:
        clothes = replace(clothes, color=clipped_color(np.array(person.skin) * rng.uniform(0.7, 1.2)))
    return replace(person, beard=beard, brows=brows, clothes=clothes)


def clipped_color(rgb: ndarray) -> Color:
    """A color whose values are kept from 5 to 250."""
    red, green, blue = (float(v) for v in np.clip(rgb, 5, 250))
    return red, green, blue


def _beard(rng: np.random.Generator, person: Identity) -> Beard:
    if not person.male:
        return person.beard
    kind = str(rng.choice(["none", "stubble", "mustache", "goatee", "full"], p=[0.30, 0.27, 0.04, 0.13, 0.26]))
    return replace(person.beard, kind=kind, strength=float(rng.uniform(0.45, 1.15)))  # type: ignore[arg-type]


def _scene(rng: np.random.Generator, scene: Scene) -> Scene:
    light = np.array([rng.normal(0, 0.6), rng.uniform(-0.9, 0.15), rng.uniform(0.5, 1.4)])
    light /= np.linalg.norm(light)
    free = rng.random() < 0.10  # out of the aligned frame
    camera = Camera(
        yaw=float(np.clip(rng.normal(0, 0.17), -0.42, 0.42)),
        pitch=float(np.clip(rng.normal(0, 0.08), -0.2, 0.2)),
        roll=float(rng.normal(0, 0.22) if free else np.clip(rng.normal(0, 0.045), -0.14, 0.14)),
        zoom=float(rng.uniform(0.72, 1.25) if free else np.clip(rng.normal(1.05, 0.035), 0.95, 1.16)),
        shift_x=float(rng.normal(0, 0.06 if free else 0.012)),
        shift_y=float(rng.normal(-0.005, 0.05 if free else 0.010)),
    )
    return replace(
        scene,
        camera=camera,
        light=(float(light[0]), float(light[1]), float(light[2])),
        key=float(rng.uniform(0.15, 0.9)),
        warmth=float(np.clip(rng.normal(0.1, 0.6), -1.5, 1.5)),
    )
