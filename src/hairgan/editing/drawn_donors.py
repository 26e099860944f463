"""Drawn people whose hair a photo can be given: a hair domain without a network that knows it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import count

import numpy as np
import polars as pl

from hairgan.domains import Domains
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.photos.alignment import whole_photo
from hairgan.portraits import Hairstyle, Identity, draw
from hairgan.portraits.identity import Scene
from hairgan.portraits.items import PortraitItem
from hairgan.regions import Region

SEED = 11
"""Of the drawn people."""
ATTRIBUTE_SIZE = 32
"""Side in pixels of the drawings that are only looked at for their domains."""
MIN_HAIR = 0.02
BROWN = (118.0, 84.0, 56.0)
"""The color of a donor's hair unless that is blond: strands are not seen in black hair."""


@cache
def drawn_domains() -> Domains:
    """The hair domains that drawn people are sorted into."""
    return Domains.load("hair7")


@cache
def drawn_donor(domain: str, number: int, size: int, straight: bool = False) -> ParsedPhoto:
    """The `number`-th drawn person of a domain, in even light, with the true label map.

    Args:
        domain: one of `drawn_domains().names`.
        number: 0 or more.
        size: side of the drawing in pixels.
        straight: only people with straight hair.

    Raises:
        ValueError: there is no such domain.
    """
    if domain not in drawn_domains().names:
        raise ValueError(f"there is no domain '{domain}'; the domains are {', '.join(drawn_domains().names)}")
    found = (index for index in count() if _suits(domain, index, straight))
    index = next(index for position, index in enumerate(found) if position == number)
    person, style = Identity.sample(SEED, index), Hairstyle.sample(SEED, index)
    if style.color_name != "blond":
        style = replace(style, color=BROWN, streaks=BROWN)
    drawn = draw(replace(person, scene=_in_even_light(person.scene)), style, size)
    hair = (drawn.labels == Region.HAIR).astype(np.float32)
    return ParsedPhoto(drawn.image, whole_photo(size, size, size), drawn.image, drawn.labels, hair)


@cache
def _suits(domain: str, index: int, straight: bool) -> bool:
    _, labels, attributes = PortraitItem(SEED, ATTRIBUTE_SIZE)(index)
    assert labels is not None
    if (labels == Region.HAIR).mean() < MIN_HAIR or (labels == Region.HAT).any():
        return False
    if straight and not attributes["Straight_Hair"]:
        return False
    matches = drawn_domains().matches(pl.DataFrame([attributes]))[0]
    return bool(matches[drawn_domains().names.index(domain)])


def _in_even_light(scene: Scene) -> Scene:
    """The scene in light from above the camera that is neither warm nor cold, without grain that strands drown in."""
    return replace(
        scene,
        light=(0.0, -0.371, 0.928),
        key=0.6,
        warmth=0.0,
        cast=(1.0, 1.0, 1.0),
        exposure=1.0,
        vignette=0.0,
        grain=0.6,
    )
