"""Specks of hair that a parser sees where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.editing.photo_parser import PhotoParser
from hairgan.editing.specks import without_specks
from hairgan.photos.parser import FaceParser
from hairgan.regions import PALETTE, Region
from tests.unit.heads import PaletteParser, draw_labels, paint_head

SIDE = 128


@pytest.fixture
def labels() -> np.ndarray:
    return draw_labels(SIDE, length=0.6)


def with_hair(labels: np.ndarray, *place: slice) -> tuple[np.ndarray, np.ndarray]:
    found = labels.copy()
    found[place] = Region.HAIR
    return found, np.where(found == Region.HAIR, 0.9, 0.1).astype(np.float32)


def test_a_speck_becomes_what_surrounds_it(labels) -> None:
    for place, region in (
        ((slice(4, 8), slice(4, 8)), Region.BACKGROUND),
        ((slice(122, 126), slice(62, 66)), Region.CLOTH),
    ):
        found, probability = with_hair(labels, *place)
        cleaned, hair = without_specks(found, probability)
        assert (cleaned[place] == region).all() and (hair[place] == 0).all()
        elsewhere = np.ones_like(labels, bool)
        elsewhere[place] = False
        np.testing.assert_array_equal(cleaned[elsewhere], found[elsewhere])
        np.testing.assert_array_equal(hair[elsewhere], probability[elsewhere])


def test_locks_near_the_hair_and_large_parts_of_it_stay(labels) -> None:
    below = np.flatnonzero((labels == Region.HAIR)[:, 28])[-1] + 2
    for place in ((slice(below, below + 3), slice(26, 30)), (slice(100, 128), slice(0, 14))):
        found, probability = with_hair(labels, *place)
        cleaned, hair = without_specks(found, probability)
        np.testing.assert_array_equal(cleaned, found)
        np.testing.assert_array_equal(hair, probability)


def test_a_salon_sees_no_specks(labels) -> None:
    found, _ = with_hair(labels, slice(4, 8), slice(4, 8))
    parser = PhotoParser(FaceParser(PaletteParser()), None, 1)
    picture = paint_head(found, hair=tuple(int(v) for v in PALETTE[Region.HAIR]))
    (parsed,) = parser.parse([parser.align(picture, aligned=True)])
    assert (parsed.labels == Region.HAIR).sum() == (labels == Region.HAIR).sum()
