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
from hairgan.portraits.randomized.flowers import paint_flowers_behind, paint_flowers_in_front
from hairgan.portraits.randomized.hair import ThinnedHair, TiedHair, add_loose_strands
from hairgan.portraits.randomized.hairline import thin_out_hairline
from hairgan.portraits.randomized.hairstyle import sample_hairstyle
from hairgan.portraits.randomized.hard_cases import (
    HardCases,
    cast_hard_shadows,
    lighten_wall,
    paint_dark_collar,
    with_dark_clothes,
    with_gray_hair,
)  # fmt: skip
from hairgan.portraits.randomized.identity import match_colors, sample_identity
from hairgan.portraits.randomized.light import add_shadows, add_texture
from hairgan.portraits.randomized.lookalikes import paint_lookalikes_behind, shade_ears
from hairgan.portraits.randomized.nape import NapeHair
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
    return _draw(seed, index, size, hard=False)


def hard_portrait(seed: int, index: int, size: int) -> Portrait:
    """The randomized portrait, with cases in which parsers of photographs fail (`hard_cases`, `nape`, `flowers`).

    Person, framing and film are those of `portrait` with the same arguments, and so are the errors.
    """
    return _draw(seed, index, size, hard=True)


def _draw(seed: int, index: int, size: int, hard: bool) -> Portrait:
    check_size(size)
    person = sample_identity(seed, index)
    style = sample_hairstyle(seed, index, person)
    cases = HardCases.sample(person.noise) if hard else HardCases()
    if cases.gray:
        style = with_gray_hair(style, person.noise)
    person = match_colors(person, style)
    if cases.dark_collar:
        person = with_dark_clothes(person, person.noise)
    bald = person.male and numpy_generator(person.noise, "randomized/bald").random() < _BALD
    canvas = Canvas(size, person.scene.camera)
    shape = HeadShape(person)
    face, body = Face(canvas, person, shape), Body(canvas, person)
    hat = Hat(canvas, person) if person.accessories.hat != "none" else None
    hair, tied_hair = ThinnedHair(canvas, person, style, hat), TiedHair(canvas, person, style)

    paint_background(canvas, person, style)
    if cases.light_wall:
        lighten_wall(canvas, person.noise)
    if cases.flowers_behind:
        paint_flowers_behind(canvas, person.noise)
    if cases.lookalikes:
        paint_lookalikes_behind(canvas, style, person.noise)
    nape = NapeHair(canvas, person, style) if cases.nape and not bald else None
    if nape:
        nape.paint_behind_body()
    if not bald:
        tied_hair.paint_behind()
        hair.paint_behind_body()
    paint_neck(body, shape)
    paint_necklace(body)
    clothes = paint_clothes(body)
    paint_clothes_details(body)
    if cases.dark_collar:
        paint_dark_collar(body, person.noise)
    if nape:
        nape.paint_over_collar()
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
    if cases.flowers_in_front:
        paint_flowers_in_front(canvas, person.noise)
    paint_occluders(canvas, person)

    room = 0.15 if style.length == "short" else 0.3
    image, labels = warp(canvas.image, canvas.labels, person, room)
    labels = smooth_outlines(labels)
    add_texture(image, labels, person, style)
    if cases.hairline and not bald and style.bangs in ("none", "swept"):
        thin_out_hairline(image, labels, style)
    add_loose_strands(image, labels, style)
    if cases.dark_ears:
        shade_ears(image, labels, person.noise)
    add_shadows(image, labels, person)
    if cases.wall_shadow or cases.neck_shadow:
        cast_hard_shadows(image, labels, cases, person.noise)
    attributes = attributes_of(person, replace(style, bangs="none") if bald else style, labels)
    return Portrait(develop(image, labels, person), labels, attributes | {"Bald": bald})
