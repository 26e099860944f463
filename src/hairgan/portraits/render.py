"""Draw a picture, its label map and attributes from an identity and a hairstyle."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.portraits.accessories import paint_earrings, paint_glasses, paint_necklace
from hairgan.portraits.attributes import attributes_of
from hairgan.portraits.background import paint_background
from hairgan.portraits.body import Body, paint_clothes, paint_neck
from hairgan.portraits.canvas import Canvas
from hairgan.portraits.eyes import paint_eyes
from hairgan.portraits.face import Face, paint_ears, paint_freckles, paint_head, paint_nose
from hairgan.portraits.facial_hair import paint_beard, paint_brows
from hairgan.portraits.film import develop
from hairgan.portraits.hair import Hair
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.hat import Hat
from hairgan.portraits.head import HeadShape
from hairgan.portraits.identity import Identity
from hairgan.portraits.mouth import paint_mouth

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
    """Portrait number `index` of the endless set `seed`: person `index` with hairstyle `index`."""
    return draw(Identity.sample(seed, index), Hairstyle.sample(seed, index), size)


def draw(identity: Identity, hairstyle: Hairstyle, size: int) -> Portrait:
    """Draw a person with a hairstyle.

    With two hairstyles, a person has the same bytes wherever neither has hair or its shadow (`SHADOW_REACH`).

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
    attributes = attributes_of(identity, hairstyle, canvas.labels)
    return Portrait(develop(canvas, identity), canvas.labels, attributes)


def check_size(size: int) -> None:
    """Raise ValueError for a size outside 32 to 1024."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"a portrait's size must be {MIN_SIZE} to {MAX_SIZE} pixels, got {size}")
