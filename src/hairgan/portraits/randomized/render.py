"""From a seed and an index to a randomised portrait."""

from __future__ import annotations

from dataclasses import replace

from hairgan.portraits.accessories import paint_earrings, paint_glasses, paint_necklace
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
from hairgan.portraits.hat import Hat
from hairgan.portraits.head import HeadShape
from hairgan.portraits.mouth import paint_mouth
from hairgan.portraits.randomized.backdrop import paint_backdrop
from hairgan.portraits.randomized.film import developed
from hairgan.portraits.randomized.light import add_shadows, add_texture
from hairgan.portraits.randomized.occluders import paint_occluders
from hairgan.portraits.randomized.outlines import outlined
from hairgan.portraits.randomized.people import matched, sample_hairstyle, sample_person
from hairgan.portraits.randomized.skin import paint_full_beard, paint_laugh, paint_shine
from hairgan.portraits.randomized.tresses import ThinnedHair, Tresses, add_loose_strands
from hairgan.portraits.randomized.wardrobe import paint_wardrobe
from hairgan.portraits.randomized.warp import warped
from hairgan.portraits.render import Portrait, check_size, seen_attributes
from hairgan.randomness import numpy_generator

_BALD = 0.05  # of the men


def portrait(seed: int, index: int, size: int) -> Portrait:
    """The randomised portrait number `index` of the endless set `seed`.

    Args:
        seed: which people.
        index: which of them.
        size: of the square picture in pixels, 32 to 1024.

    Raises:
        ValueError: size out of range.
    """
    check_size(size)
    person = sample_person(seed, index)
    style = sample_hairstyle(seed, index, person)
    person = matched(person, style)
    bald = person.male and numpy_generator(person.noise, "randomized/bald").random() < _BALD
    canvas = Canvas(size, person.scene.camera)
    shape = HeadShape(person)
    face, body = Face(canvas, person, shape), Body(canvas, person)
    hat = Hat(canvas, person) if person.accessories.hat != "none" else None
    hair, tresses = ThinnedHair(canvas, person, style, hat), Tresses(canvas, person, style)

    paint_backdrop(canvas, person, style)
    if not bald:
        tresses.paint_behind()
        hair.paint_behind_body()
    paint_neck(body, shape)
    paint_necklace(body)
    clothes = paint_clothes(body)
    paint_wardrobe(body)
    if not bald:
        tresses.paint_over_shoulder()
        hair.paint_behind_ears()
    paint_ears(face)
    head = paint_head(face)
    paint_freckles(face)
    paint_shine(face)
    paint_nose(face)
    paint_eyes(face)
    paint_brows(face)
    paint_mouth(face)
    paint_laugh(face)
    paint_beard(face)
    paint_full_beard(face)
    paint_glasses(face)
    paint_earrings(face)
    if not bald:
        hair.paint_front([head, body.skin, clothes])
    if hat:
        hat.paint()
    paint_occluders(canvas, person)

    room = 0.15 if style.length == "short" else 0.3
    image, labels = warped(canvas.image, canvas.labels, person, room)
    labels = outlined(labels)
    add_texture(image, labels, person, style)
    add_loose_strands(image, labels, style)
    add_shadows(image, labels, person)
    attributes = seen_attributes(person, replace(style, bangs="none") if bald else style, labels)
    return Portrait(developed(image, labels, person), labels, attributes | {"Bald": bald})
