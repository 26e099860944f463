"""Cases in which parsers of photographs fail: white and gray hair before light walls, shadows that look like hair,
flowers, dark collars, hair in the shade (`nape`), hairlines where hair gets thin gradually (`hairline`), and what has
the color of the hair and is none (`lookalikes`).

What is drawn here is drawn from seeds of its own, with purposes that begin with "hard/", over a randomized portrait.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.body import Body
from hairgan.portraits.canvas import Canvas
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.clothes import paint_collar
from hairgan.portraits.randomized.identity import clipped_color
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_HEAD = np.zeros(256, dtype=np.uint8)
_HEAD[[Region.SKIN, Region.NOSE, Region.L_EAR, Region.R_EAR, Region.HAIR, Region.HAT]] = 1
_BELOW = np.zeros(256, dtype=np.uint8)
_BELOW[[Region.NECK, Region.CLOTH, Region.NECK_L]] = 1

Picture = Float32[ndarray, "s s 3"]
Labels = UInt8[ndarray, "s s"]


@dataclass(frozen=True)
class HardCases:
    """Which of the cases a portrait has; none by default."""

    gray: bool = False
    light_wall: bool = False
    wall_shadow: bool = False
    neck_shadow: bool = False
    flowers_behind: bool = False
    flowers_in_front: bool = False
    dark_collar: bool = False
    nape: bool = False
    hairline: bool = False
    lookalikes: bool = False
    dark_ears: bool = False

    @staticmethod
    def sample(noise: int) -> HardCases:
        """The cases of the person whose pictures are seeded by `noise`."""
        rng = numpy_generator(noise, "hard/cases")
        gray, wall_shadow = bool(rng.random() < 0.22), bool(rng.random() < 0.40)
        light = rng.random() < (0.65 if gray or wall_shadow else 0.12)
        neck_shadow, behind, front, collar = (bool(v) for v in rng.random(4) < (0.45, 0.18, 0.08, 0.25))
        hairline = bool(rng.random() < 0.6)
        lookalikes, dark_ears = (bool(v) for v in rng.random(2) < (0.3, 0.4))
        return HardCases(
            gray, bool(light), wall_shadow, neck_shadow, behind, front, collar, True, hairline, lookalikes, dark_ears
        )


def with_gray_hair(style: Hairstyle, noise: int) -> Hairstyle:
    """The hairstyle in gray or white."""
    rng = numpy_generator(noise, "hard/gray")
    white = rng.random() < 0.55
    value = rng.uniform(190, 248) if white else rng.uniform(85, 190)
    tint = np.exp(rng.normal(0, 0.015, 3)) * (1.0, rng.uniform(0.96, 1.0), rng.uniform(0.86, 1.02))
    color = clipped_color(value * tint)
    streaks = clipped_color(np.array(color) * rng.uniform(0.35, 1.1))
    share = float(rng.uniform(0.1, 0.5)) if rng.random() < 0.5 else 0.0
    return replace(style, color_name="grey", color=color, streaks=streaks, streak_share=share)


def with_dark_clothes(person: Identity, noise: int) -> Identity:
    """The person in clothes that are almost black."""
    rng = numpy_generator(noise, "hard/dark clothes")
    color = clipped_color(rng.uniform(6, 42) * np.exp(rng.normal(0, 0.12, 3)))
    return replace(person, clothes=replace(person.clothes, color=color))


def lighten_wall(canvas: Canvas, noise: int) -> None:
    """Make the background light, for a picture that has a background only."""
    rng = numpy_generator(noise, "hard/light wall")
    tone = (rng.uniform(165, 255) * np.exp(rng.normal(0, 0.03, 3))).astype(np.float32)
    share = np.float32(rng.uniform(0.5, 1.0))
    canvas.image += (np.minimum(tone, 255) - canvas.image) * share


def paint_dark_collar(body: Body, noise: int) -> None:
    """Paint a high, dark collar, which touches the hair beside the neck."""
    rng = numpy_generator(noise, "hard/collar")
    tone = np.clip(rng.uniform(5, 48) * np.exp(rng.normal(0, 0.15, 3)), 3, 80)
    paint_collar(body, rng, tone, float(rng.uniform(0.82, 0.95)), float(rng.uniform(1.0, 1.7)))


def cast_hard_shadows(image: Picture, labels: Labels, cases: HardCases, noise: int) -> None:
    """Cast the sharp shadow of a flash on the wall beside the head, and that of head and ears on neck and clothes.

    Changes `image`.
    """
    rng = numpy_generator(noise, "hard/shadows")
    side = -1.0 if rng.random() < 0.5 else 1.0
    if cases.wall_shadow:
        behind = (labels == Region.BACKGROUND).astype(np.uint8)
        shift = side * rng.uniform(0.015, 0.13), rng.uniform(-0.015, 0.09)
        blur = float(np.exp(rng.uniform(np.log(0.001), np.log(0.012))))
        _cast(image, 1 - behind, behind, shift, blur, float(rng.uniform(0.35, 0.95)))
    if cases.neck_shadow:
        shift = side * rng.uniform(0.0, 0.06), rng.uniform(0.01, 0.10)
        blur = float(np.exp(rng.uniform(np.log(0.001), np.log(0.008))))
        _cast(image, cv2.LUT(labels, _HEAD), cv2.LUT(labels, _BELOW), shift, blur, float(rng.uniform(0.3, 0.85)))


def _cast(
    image: Picture, caster: Labels, receiver: Labels, shift: tuple[float, float], blur: float, strength: float
) -> None:
    size = len(image)
    move = np.array([[1, 0, shift[0] * size], [0, 1, shift[1] * size]])
    cast = cv2.warpAffine(caster.astype(np.float32), move, (size, size), borderMode=cv2.BORDER_REPLICATE)
    cast = cv2.GaussianBlur(cast, (0, 0), max(blur * size, 0.3))
    cast = cast * cv2.GaussianBlur(receiver.astype(np.float32), (0, 0), 0.6 * size / 256)
    image *= 1 - np.float32(strength) * cast[..., None] * np.array([0.94, 0.98, 1.0], dtype=np.float32)
