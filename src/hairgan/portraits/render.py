"""From a person and a hairstyle to a picture with its label map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.accessories import paint_earrings, paint_glasses, paint_necklace
from hairgan.portraits.background import paint_background
from hairgan.portraits.body import Body, paint_clothes, paint_neck
from hairgan.portraits.canvas import Canvas
from hairgan.portraits.eyes import paint_eyes
from hairgan.portraits.face import (
    Face,
    paint_beard,
    paint_brows,
    paint_ears,
    paint_freckles,
    paint_head,
    paint_nose,
)
from hairgan.portraits.hair import Hair
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.hat import Hat
from hairgan.portraits.head import HeadShape
from hairgan.portraits.identity import Identity
from hairgan.portraits.mouth import paint_mouth
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

MIN_SIZE, MAX_SIZE = 32, 1024


@dataclass(frozen=True)
class Portrait:
    """A drawn person.

    Attributes:
        image: RGB.
        labels: regions, the CelebAMask-HQ order of `hairgan.regions`.
        attributes: CelebA's names as bool; `hair_length`, `hair_texture` and `hair_color` as str.
    """

    image: UInt8[ndarray, "size size 3"]
    labels: UInt8[ndarray, "size size"]
    attributes: dict[str, bool | str | float]


def portrait(seed: int, index: int, size: int) -> Portrait:
    """The portrait number `index` of the endless set `seed`: person `index` with hairstyle `index`."""
    return draw(Identity.sample(seed, index), Hairstyle.sample(seed, index), size)


def draw(identity: Identity, hairstyle: Hairstyle, size: int) -> Portrait:
    """Draw a person with a hairstyle.

    Two hairstyles on one person give the same bytes wherever neither has hair nor throws a shadow (`SHADOW_REACH`).

    Args:
        identity: who, and in which scene.
        hairstyle: the hair.
        size: of the square picture in pixels, 32 to 1024.

    Raises:
        ValueError: size out of range.
    """
    check_size(size)
    canvas = Canvas(size, identity.scene.camera)
    shape = HeadShape(identity)
    face = Face(canvas, identity, shape)
    body = Body(canvas, identity)
    hat = Hat(canvas, identity) if identity.accessories.hat != "none" else None
    hair = Hair(canvas, identity, hairstyle, hat)

    paint_background(canvas, identity)
    hair.paint_behind_body()
    paint_neck(body, shape)
    paint_necklace(body)
    clothes = paint_clothes(body)
    hair.paint_behind_ears()
    paint_ears(face)
    head = paint_head(face)
    paint_freckles(face)
    paint_nose(face)
    paint_eyes(face)
    paint_brows(face)
    paint_mouth(face)
    paint_beard(face)
    paint_glasses(face)
    paint_earrings(face)
    hair.paint_front([head, body.skin, clothes])
    if hat:
        hat.paint()
    labels = canvas.labels
    return Portrait(_develop(canvas, identity), labels, seen_attributes(identity, hairstyle, labels))


def check_size(size: int) -> None:
    """Raises ValueError for a size that is not drawn."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"a portrait's size must be {MIN_SIZE} to {MAX_SIZE} pixels, got {size}")


def _develop(canvas: Canvas, person: Identity) -> UInt8[ndarray, "size size 3"]:
    """What the camera makes of the scene: exposure, colour cast, contrast, vignette, grain."""
    scene, size = person.scene, canvas.size
    image: Float32[ndarray, "size size 3"] = cv2.resize(canvas.image, (size, size), interpolation=cv2.INTER_AREA)
    image *= np.array([scene.exposure * factor for factor in scene.cast], dtype=np.float32)
    image += np.float32(scene.contrast - 1) * (image - 128)
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    image *= 1 - np.float32(scene.vignette) * (axis[:, None, None] ** 2 + axis[None, :, None] ** 2)
    grain = numpy_generator(person.noise, "grain").standard_normal((size, size, 1), dtype=np.float32)
    image += np.float32(scene.grain) * grain
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def seen_attributes(person: Identity, style: Hairstyle, labels: UInt8[ndarray, "s s"]) -> dict[str, bool | str | float]:
    """CelebA's attributes of a drawn person, and `hair_length`, `hair_texture`, `hair_color`."""
    seen = np.bincount(labels.ravel(), minlength=19) > 0
    return {
        "Bangs": style.bangs != "none",
        "Blond_Hair": style.color_name == "blond",
        "Black_Hair": style.color_name == "black",
        "Brown_Hair": style.color_name == "brown",
        "Gray_Hair": style.color_name == "grey",
        "Straight_Hair": style.texture == "straight",
        "Wavy_Hair": style.texture == "perm",
        "Bald": False,
        "Male": person.male,
        "Young": person.age < 0.5,
        "Smiling": person.mouth.smile > 0.45,
        "Mouth_Slightly_Open": bool(seen[Region.MOUTH]),
        "Eyeglasses": bool(seen[Region.EYE_G]),
        "Wearing_Hat": bool(seen[Region.HAT]),
        "Wearing_Earrings": bool(seen[Region.EAR_R]),
        "Wearing_Necklace": bool(seen[Region.NECK_L]),
        "No_Beard": person.beard.kind in ("none", "stubble"),
        "hair_length": style.length,
        "hair_texture": style.texture,
        "hair_color": style.color_name,
    }
