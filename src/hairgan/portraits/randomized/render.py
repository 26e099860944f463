"""Draw a randomized portrait from a seed and an index."""

from __future__ import annotations

from dataclasses import replace

from hairgan.data.outlines import smooth_outlines
from hairgan.portraits.accessories import paint_earrings, paint_glasses, paint_necklace
from hairgan.portraits.attributes import attributes_of
from hairgan.portraits.body import Body, paint_clothes, paint_neck
from hairgan.portraits.canvas import Canvas
from hairgan.portraits.eyes import paint_eyes
from hairgan.portraits.face import Face, paint_ears, paint_freckles, paint_head, paint_nose
from hairgan.portraits.facial_hair import paint_beard, paint_brows
from hairgan.portraits.hat import Hat
from hairgan.portraits.head import HeadShape
from hairgan.portraits.mouth import paint_mouth
from hairgan.portraits.randomized.background import paint_background
from hairgan.portraits.randomized.clothes import paint_clothes_details
from hairgan.portraits.randomized.face import paint_full_beard, paint_shine, paint_teeth
from hairgan.portraits.randomized.film import develop
from hairgan.portraits.randomized.hair import ThinnedHair, TiedHair, add_loose_strands
from hairgan.portraits.randomized.hairstyle import sample_hairstyle
from hairgan.portraits.randomized.identity import match_colors, sample_identity
from hairgan.portraits.randomized.light import add_shadows, add_texture
from hairgan.portraits.randomized.occluders import paint_occluders
from hairgan.portraits.randomized.warp import warp
from hairgan.portraits.render import Portrait, check_size
from hairgan.randomness import numpy_generator

_BALD = 0.05  # of the men


def portrait(seed: int, index: int, size: int) -> Portrait:
    """Randomized portrait number `index` of the endless set `seed`.

    Args:
        seed: which people.
        index: which of them.
        size: of the square picture in pixels, 32 to 1024.

    Raises:
        ValueError: size out of range.
    """
    check_size(size)
    person = sample_identity(seed, index)
    style = sample_hairstyle(seed, index, person)
    person = match_colors(person, style)
    bald = person.male and numpy_generator(person.noise, "randomized/bald").random() < _BALD
    canvas = Canvas(size, person.scene.camera)
    shape = HeadShape(person)
    face, body = Face(canvas, person, shape), Body(canvas, person)
    hat = Hat(canvas, person) if person.accessories.hat != "none" else None
    hair, tied_hair = ThinnedHair(canvas, person, style, hat), TiedHair(canvas, person, style)

    paint_background(canvas, person, style)
    if not bald:
        tied_hair.paint_behind()
        hair.paint_behind_body()
    paint_neck(body, shape)
    paint_necklace(body)
    clothes = paint_clothes(body)
    paint_clothes_details(body)
    if not bald:
        tied_hair.paint_over_shoulder()
        hair.paint_behind_ears()
    paint_ears(face)
    head = paint_head(face)
    paint_freckles(face)
    paint_shine(face)
    paint_nose(face)
    paint_eyes(face)
    paint_brows(face)
    paint_mouth(face)
    paint_teeth(face)
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
    image, labels = warp(canvas.image, canvas.labels, person, room)
    labels = smooth_outlines(labels)
    add_texture(image, labels, person, style)
    add_loose_strands(image, labels, style)
    add_shadows(image, labels, person)
    attributes = attributes_of(person, replace(style, bangs="none") if bald else style, labels)
    return Portrait(develop(image, labels, person), labels, attributes | {"Bald": bald})
