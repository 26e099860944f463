"""The person and the scene of a portrait: everything except the hair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hairgan.portraits.canvas import Camera
from hairgan.randomness import key, numpy_generator

Color = tuple[float, float, float]
"""RGB, 0 to 255."""

SKIN_TONES = np.array(
    [(241, 209, 190), (236, 197, 172), (230, 184, 152), (211, 160, 124), (181, 127, 92), (142, 94, 66), (104, 67, 48)]
)
IRIS_TONES = np.array([(52, 32, 20), (88, 56, 30), (116, 84, 46), (104, 112, 66), (92, 126, 132), (86, 120, 168)])
CLOTH_TONES = np.array(
    [(28, 30, 36), (236, 234, 230), (42, 58, 98), (128, 34, 42), (70, 92, 78), (190, 168, 140), (116, 112, 120),
     (44, 92, 118), (206, 120, 98), (222, 188, 84), (92, 60, 104), (160, 190, 204)]
)  # fmt: skip
BACKGROUND_TONES = np.array(
    [(226, 224, 220), (120, 134, 148), (44, 50, 62), (168, 142, 116), (86, 110, 96), (104, 62, 58), (178, 190, 206),
     (206, 182, 150), (62, 84, 116), (140, 116, 140), (30, 28, 30), (196, 206, 190)]
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    """Bones: factors around 1 and offsets around 0, in picture widths."""

    width: float
    jaw: float  # width of the jaw against the cheekbones
    chin: float  # how far the chin lies below the average
    cheek: float  # fullness of the cheeks
    forehead: float  # how far the hairline lies above the average
    temples: float  # 0 round hairline .. 1 receding at the temples
    sideburn: float  # y where the hair ends before the ears
    ears: float  # size
    neck: float  # half width


@dataclass(frozen=True)
class Eyes:
    distance: float  # of each from the middle line
    width: float
    openness: float
    tilt: float  # outer corner up
    crease: float  # distance of the lid's fold from the lashes
    iris: Color
    gaze: tuple[float, float]
    lashes: float
    shadow: Color  # make-up on the lid
    shadow_strength: float


@dataclass(frozen=True)
class Brows:
    height: float
    thickness: float
    arch: float
    slant: float
    color: Color
    density: float


@dataclass(frozen=True)
class Nose:
    length: float
    width: float
    bridge: float
    tip: float


@dataclass(frozen=True)
class Mouth:
    width: float
    upper: float
    lower: float
    bow: float  # depth of Cupid's bow
    smile: float  # -0.3 .. 1
    opening: float  # 0 closed; height of the open mouth in picture widths
    color: Color
    gloss: float


@dataclass(frozen=True)
class Beard:
    kind: Literal["none", "stubble", "mustache", "goatee", "full"]
    strength: float
    color: Color


@dataclass(frozen=True)
class Clothes:
    kind: Literal["crew", "v_neck", "shirt", "jacket", "straps"]
    color: Color
    second: Color
    shoulder: float  # height of the shoulders, y


@dataclass(frozen=True)
class Accessories:
    glasses: Literal["none", "round", "square", "sun"]
    earrings: Literal["none", "stud", "drop", "hoop"]
    necklace: Literal["none", "chain", "pendant", "beads"]
    hat: Literal["none", "beanie", "brim", "cap"]
    metal: Color
    frame: Color
    cloth: Color  # of the hat


@dataclass(frozen=True)
class Scene:
    """Light, background, camera and film."""

    camera: Camera
    light: tuple[float, float, float]  # toward the light, unit length, y downward
    key: float  # strength of the key light against the fill light, 0 to 1
    warmth: float  # of the light, -1 to 1
    background: Literal["plain", "bokeh", "room", "outdoors"]
    first: Color
    second: Color
    cast: Color  # factors around 1
    exposure: float
    contrast: float
    vignette: float
    grain: float  # standard deviation, gray values


@dataclass(frozen=True)
class Identity:
    """A person in a scene. `dataclasses.replace` makes variations."""

    male: bool
    age: float  # 0 young adult .. 1 old
    skin: Color
    blush: float
    freckles: float
    head: Head
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    beard: Beard
    clothes: Clothes
    accessories: Accessories
    scene: Scene
    noise: int  # seeds everything that is drawn in detail: brow hairs, freckles, bokeh, grain

    @staticmethod
    def sample(seed: int, index: int) -> Identity:
        """Person number `index`: a function of `(seed, index)` alone."""
        rng = numpy_generator(seed, "identity", index)
        male = bool(rng.random() < 0.42)
        age = float(rng.beta(1.2, 2.6))
        tone = float(np.clip(rng.beta(1.1, 1.9) * 6.6, 0, 6))
        skin = _blend(SKIN_TONES, tone) * (1 + rng.normal(0, (0.02, 0.015, 0.02)))
        return Identity(
            male=male,
            age=age,
            skin=_color(skin),
            blush=float(rng.uniform(0.1, 0.5) if male else rng.uniform(0.3, 1.0)),
            freckles=float(max(0.0, rng.normal(-0.15, 0.5))) * float(tone < 3),
            head=_head(rng, male),
            eyes=_eyes(rng, male, tone),
            brows=_brows(rng, male, tone),
            nose=Nose(
                length=float(rng.normal(0, 0.010)),
                width=float(np.clip(rng.normal(1.05 if male else 0.90, 0.10) + 0.035 * (tone - 2), 0.75, 1.4)),
                bridge=float(np.clip(rng.normal(1.05 if male else 0.9, 0.2), 0.45, 1.5)),
                tip=float(np.clip(rng.normal(1, 0.2), 0.55, 1.5)),
            ),
            mouth=_mouth(rng, male, skin),
            beard=_beard(rng, male, age),
            clothes=_clothes(rng, male),
            accessories=_accessories(rng, male),
            scene=_scene(rng),
            noise=key(seed, "identity/noise", index),
        )


def _color(rgb: np.ndarray) -> Color:
    red, green, blue = (float(v) for v in np.clip(rgb, 0, 255))
    return red, green, blue


def _blend(tones: np.ndarray, position: float) -> np.ndarray:
    return np.array([np.interp(position, np.arange(len(tones)), tones[:, c]) for c in range(3)])


def _pick(rng: np.random.Generator, tones: np.ndarray, spread: float = 0.12) -> Color:
    return _color(tones[rng.integers(len(tones))] * np.exp(rng.normal(0, spread)) + rng.normal(0, 6, 3))


def _head(rng: np.random.Generator, male: bool) -> Head:
    return Head(
        width=float(np.clip(rng.normal(1.01 if male else 0.985, 0.03), 0.92, 1.08)),
        jaw=float(np.clip(rng.normal(1.03 if male else 0.91, 0.045), 0.82, 1.14)),
        chin=float(np.clip(rng.normal(0.004 if male else -0.006, 0.013), -0.035, 0.035)),
        cheek=float(np.clip(rng.normal(1.0, 0.03), 0.92, 1.08)),
        forehead=float(np.clip(rng.normal(-0.004, 0.010), -0.03, 0.022)),
        temples=float(np.clip(rng.normal(0.45 if male else 0.1, 0.25), 0, 1)),
        sideburn=float(rng.normal(0.485, 0.015) if male else rng.normal(0.450, 0.012)),
        ears=float(np.clip(rng.normal(1.06 if male else 0.96, 0.07), 0.8, 1.25)),
        neck=float(np.clip(rng.normal(0.186 if male else 0.146, 0.009), 0.125, 0.21)),
    )


def _eyes(rng: np.random.Generator, male: bool, tone: float) -> Eyes:
    iris = _blend(IRIS_TONES, float(rng.beta(0.8, 0.9 + 0.7 * tone) * 5)) * np.exp(rng.normal(0, 0.1))
    return Eyes(
        distance=float(np.clip(rng.normal(0.123, 0.003), 0.115, 0.131)),
        width=float(np.clip(rng.normal(0.100, 0.005), 0.088, 0.112)),
        openness=float(np.clip(rng.normal(0.039 if male else 0.047, 0.005), 0.028, 0.056)),
        tilt=float(np.clip(rng.normal(0.002, 0.005), -0.009, 0.014)),
        crease=float(np.clip(rng.normal(0.013, 0.005), 0.004, 0.026)),
        iris=_color(iris),
        gaze=(float(np.clip(rng.normal(0, 0.005), -0.012, 0.012)), float(np.clip(rng.normal(0, 0.002), -0.004, 0.004))),
        lashes=float(rng.uniform(0.25, 0.5) if male else rng.uniform(0.6, 1.3)),
        shadow=_pick(rng, np.array([(96, 60, 48), (70, 60, 78), (120, 84, 90), (64, 84, 104), (140, 100, 70)])),
        shadow_strength=0.0 if male else float(max(0.0, rng.normal(0.25, 0.25))),
    )


def _brows(rng: np.random.Generator, male: bool, tone: float) -> Brows:
    dark = np.array([34, 24, 19])
    light = np.array([126, 92, 60])
    return Brows(
        height=float(np.clip(rng.normal(0.058 if male else 0.066, 0.007), 0.044, 0.082)),
        thickness=float(np.clip(rng.normal(0.0245 if male else 0.0165, 0.0035), 0.010, 0.034)),
        arch=float(np.clip(rng.normal(0.25 if male else 0.6, 0.3), -0.1, 1.1)),
        slant=float(np.clip(rng.normal(0.001, 0.004), -0.008, 0.009)),
        color=_color(dark + (light - dark) * rng.beta(1.0, 2.2 + tone)),
        density=float(rng.uniform(0.62, 0.95)),
    )


def _mouth(rng: np.random.Generator, male: bool, skin: np.ndarray) -> Mouth:
    smile = float(np.clip(rng.normal(0.42, 0.38), -0.12, 1))
    natural = skin * (0.86, 0.63, 0.62) + (14, 2, 6)
    lipstick = np.array([(176, 34, 48), (206, 92, 104), (150, 58, 66), (192, 74, 92), (122, 36, 60), (214, 116, 104)])
    painted = 0.0 if male else float(np.clip(rng.normal(0.4, 0.35), 0, 0.92))
    teeth = smile > 0.45 and rng.random() < 0.65
    return Mouth(
        width=float(np.clip(rng.normal(0.101, 0.006) + 0.018 * max(smile, 0), 0.085, 0.135)),
        upper=float(np.clip(rng.normal(0.019 if male else 0.023, 0.004), 0.010, 0.034)),
        lower=float(np.clip(rng.normal(0.027 if male else 0.032, 0.005), 0.016, 0.044)),
        bow=float(np.clip(rng.normal(0.006, 0.002), 0.001, 0.011)),
        smile=smile,
        opening=float(rng.uniform(0.022, 0.046)) if teeth else float(max(0.0, rng.normal(-0.008, 0.01))),
        color=_color(natural + (lipstick[rng.integers(len(lipstick))] - natural) * painted),
        gloss=float(rng.uniform(0.1, 0.4) if male else rng.uniform(0.3, 1.0)),
    )


def _beard(rng: np.random.Generator, male: bool, age: float) -> Beard:
    kind = rng.choice(["none", "stubble", "mustache", "goatee", "full"], p=[0.36, 0.32, 0.05, 0.09, 0.18])
    brown = np.array([(30, 23, 20), (60, 42, 30), (104, 74, 48), (140, 96, 58)])
    color = brown[rng.integers(len(brown))] * np.exp(rng.normal(0, 0.1))
    gray = float(rng.random() < age * 0.7) * rng.uniform(0.4, 1.0)
    color = color + (np.array([168, 164, 160]) - color) * gray
    return Beard(kind=str(kind) if male else "none", strength=float(rng.uniform(0.5, 1.0)), color=_color(color))  # type: ignore[arg-type]


def _clothes(rng: np.random.Generator, male: bool) -> Clothes:
    kinds = ["crew", "v_neck", "shirt", "jacket", "straps"]
    kind = rng.choice(kinds, p=[0.3, 0.1, 0.25, 0.35, 0.0] if male else [0.25, 0.28, 0.12, 0.15, 0.2])
    return Clothes(
        kind=str(kind),  # type: ignore[arg-type]
        color=_pick(rng, CLOTH_TONES),
        second=_pick(rng, CLOTH_TONES[[0, 1, 1, 11, 5]]),
        shoulder=float(rng.normal(1.025 if male else 1.05, 0.012)),
    )


def _accessories(rng: np.random.Generator, male: bool) -> Accessories:
    metals = np.array([(222, 186, 110), (206, 208, 214), (226, 166, 140), (240, 236, 228)])
    frames = np.array([(24, 22, 24), (76, 46, 30), (150, 120, 70), (110, 112, 118), (96, 26, 34), (30, 42, 74)])
    return Accessories(
        glasses=str(rng.choice(["none", "round", "square", "sun"], p=[0.83, 0.06, 0.08, 0.03])),  # type: ignore[arg-type]
        earrings=str(
            rng.choice(["none", "stud", "drop", "hoop"], p=[0.95, 0.03, 0, 0.02] if male else [0.4, 0.2, 0.22, 0.18])
        ),  # type: ignore[arg-type]
        necklace=str(
            rng.choice(
                ["none", "chain", "pendant", "beads"], p=[0.93, 0.05, 0.02, 0] if male else [0.62, 0.14, 0.12, 0.12]
            )
        ),  # type: ignore[arg-type]
        hat=str(rng.choice(["none", "beanie", "brim", "cap"], p=[0.94, 0.025, 0.015, 0.02])),  # type: ignore[arg-type]
        metal=_pick(rng, metals, 0.05),
        frame=_pick(rng, frames),
        cloth=_pick(rng, CLOTH_TONES),
    )


def _scene(rng: np.random.Generator) -> Scene:
    light = np.array([rng.uniform(-0.75, 0.75), rng.uniform(-0.75, -0.25), 1.0])
    light /= np.linalg.norm(light)
    camera = Camera(
        yaw=float(np.clip(rng.normal(0, 0.10), -0.21, 0.21)),
        pitch=float(np.clip(rng.normal(0, 0.05), -0.12, 0.12)),
        roll=float(np.clip(rng.normal(0, 0.04), -0.1, 0.1)),
        zoom=float(np.clip(rng.normal(0.93, 0.02), 0.88, 0.98)),
        shift_x=float(rng.normal(0, 0.008)),
        shift_y=float(rng.normal(0.016, 0.008)),
    )
    return Scene(
        camera=camera,
        light=(float(light[0]), float(light[1]), float(light[2])),
        key=float(rng.uniform(0.45, 0.85)),
        warmth=float(np.clip(rng.normal(0.1, 0.4), -1, 1)),
        background=str(rng.choice(["plain", "bokeh", "room", "outdoors"], p=[0.35, 0.25, 0.2, 0.2])),  # type: ignore[arg-type]
        first=_pick(rng, BACKGROUND_TONES),
        second=_pick(rng, BACKGROUND_TONES),
        cast=_color(np.exp(rng.normal(0, 0.025, 3))),
        exposure=float(np.exp(rng.normal(0.0, 0.06))),
        contrast=float(rng.normal(1.04, 0.05)),
        vignette=float(rng.uniform(0.0, 0.25)),
        grain=float(rng.uniform(0.6, 3.0)),
    )
