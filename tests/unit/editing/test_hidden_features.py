"""Eyes and brows under the old hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hairgan.editing.brows import without_loose_ends
from hairgan.editing.hidden_features import brows_to_keep, mirrored_sides
from hairgan.editing.masks import grown
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.plate import remove_hair
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.photos.alignment import whole_photo
from hairgan.regions import PALETTE, Region
from tests.unit.heads import draw_labels, paint_head

SIDE = 128
EYES, BROWS = (Region.L_EYE, Region.R_EYE), (Region.L_BROW, Region.R_BROW)
HEAD = draw_labels(SIDE, length=0.45)
"""A head with nothing over its eyes and brows, whose colors do not tell left from right."""


def painted(labels: np.ndarray) -> np.ndarray:
    picture = paint_head(labels)
    for left, right in (EYES, BROWS):
        picture[labels == right] = PALETTE[left]
    return picture


def under_hair(hair: np.ndarray, turn: int = 0) -> ParsedPhoto:
    """The head with hair in some more places; `turn` moves its left eye and brow by as many pixels."""
    labels = HEAD.copy()
    left = np.isin(labels, (Region.L_EYE, Region.L_BROW))
    labels[left] = Region.SKIN
    labels[np.roll(left, turn, axis=1)] = HEAD[left]
    labels[hair] = Region.HAIR
    picture = painted(labels)
    return ParsedPhoto(picture, whole_photo(SIDE, SIDE, SIDE), picture, labels, (labels == Region.HAIR).astype("f4"))


def plate_of(photo: ParsedPhoto, size: int = SIDE) -> np.ndarray:
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.SKIN)] = 1
    return remove_hair(photo, uncovered, np.zeros((SIDE, SIDE), np.float32), size).picture


@pytest.fixture
def bangs() -> np.ndarray:
    """Hair over both brows down to the eyes."""
    hair = np.zeros((SIDE, SIDE), bool)
    hair[40:58, 40:88] = True
    return hair


@pytest.mark.parametrize("turn", [0, -3])
def test_half_an_eye_and_a_brow_under_a_lock_are_those_of_the_other_side(turn: int) -> None:
    lock = np.zeros((SIDE, SIDE), bool)
    lock[40:70, 78 + turn :] = HEAD[40:70, 78 + turn :] != Region.BACKGROUND
    photo = under_hair(lock, turn)
    shown = plate_of(photo)
    true = under_hair(np.zeros_like(lock), turn)
    for region in (Region.L_EYE, Region.L_BROW):
        hidden = (true.labels == region) & lock
        assert hidden.sum() > 20
        assert (
            np.abs(shown[hidden] - true.crop[hidden]).mean()
            < 0.35 * np.abs(true.crop[hidden] - PALETTE[Region.SKIN].astype(float)).mean()
        )


def test_a_mirrored_eye_is_as_dark_as_its_half_of_the_face() -> None:
    """The light comes from the side: the half under the hair is darker than the other."""
    lock = np.zeros((SIDE, SIDE), bool)
    lock[40:70, 78:] = HEAD[40:70, 78:] != Region.BACKGROUND
    light = np.interp(np.arange(SIDE), (0.3 * SIDE, 0.7 * SIDE), (1.0, 0.6))[None, :, None]
    lit, true = under_hair(lock), under_hair(np.zeros_like(lock)).crop * light
    crop = (lit.crop * light).astype(np.uint8)
    shown = plate_of(replace(lit, crop=crop, photo=crop))
    hidden = (HEAD == Region.L_EYE) & lock
    brightness = shown[hidden].mean() / true[hidden].mean()
    assert hidden.sum() > 20 and 0.85 < brightness < 1.12


def test_nothing_is_mirrored_onto_a_face_that_shows_all() -> None:
    assert mirrored_sides(under_hair(np.zeros((SIDE, SIDE), bool))) == ()


def test_brows_under_bangs_are_whole_and_alike(bangs) -> None:
    shown = plate_of(under_hair(bangs))
    skin = PALETTE[Region.SKIN].astype(float)
    inside = (HEAD != Region.BACKGROUND) & (HEAD != Region.HAIR)
    brow = ((np.abs(shown - skin).mean(axis=2) > 20) & inside)[44:57].max(axis=0)
    left, right = brow[:64], brow[64:][::-1]
    assert 10 < left.sum() < 26 and (left == right).mean() > 0.9
    columns = np.flatnonzero(left)
    assert left[columns[0] : columns[-1]].all()


def test_a_brow_goes_on_from_its_visible_end(bangs) -> None:
    """Of both brows only the outer ends are visible, and they are lower than usual."""
    bangs[:, :50] = bangs[:, 78:] = False
    photo = under_hair(bangs)
    shown = plate_of(photo)
    inner = (HEAD == Region.R_BROW) & bangs
    assert inner.sum() > 20
    skin = PALETTE[Region.SKIN].astype(float)
    assert np.abs(shown[inner] - skin).mean() > 0.4 * np.abs(PALETTE[Region.L_BROW] - skin).mean()


def test_a_brow_whose_outer_end_is_hidden_ends_there_gradually() -> None:
    """What would continue it never fits exactly. Half of it, or its inner end, would be continued."""
    lock = np.zeros((SIDE, SIDE), bool)
    lock[40:70, 82:] = HEAD[40:70, 82:] != Region.BACKGROUND
    photo = under_hair(lock)
    brow = photo.labels == Region.L_BROW
    kept, around = brows_to_keep(photo.labels)
    assert brow.sum() > 20 and kept[brow].all() and around[brow].all()
    shown = plate_of(photo)
    skin = PALETTE[Region.SKIN].astype(float)
    end = np.nonzero(brow)[1].max()
    contrast = np.abs(shown - skin).mean(axis=2).max(axis=0, where=around, initial=0)
    inner, outer = contrast[end - 8 : end - 4], contrast[end + 2 : end + 8]
    assert inner.min() > 60 and outer.max() < 0.35 * inner.min()
    lock[40:70, 78:] = HEAD[40:70, 78:] != Region.BACKGROUND
    half = under_hair(lock).labels
    assert not brows_to_keep(half)[0][half == Region.L_BROW].any()


def test_an_eye_that_hair_touches_ends_gradually_there() -> None:
    """Its label ends at whole pixels of the parser's, which were a staircase in a larger photo."""
    lock = np.zeros((SIDE, SIDE), bool)
    lock[56:68, 84:] = HEAD[56:68, 84:] != Region.BACKGROUND
    labels = under_hair(lock).labels.repeat(2, axis=0).repeat(2, axis=1)
    picture, size = painted(labels), 2 * SIDE
    hair = labels == Region.HAIR
    photo = ParsedPhoto(picture, whole_photo(size, size, size), picture, labels, hair.astype(np.float32))
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), size, size), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.SKIN)] = 1
    changed = remove_hair(photo, uncovered, np.zeros((size, size), np.float32), size).changed
    eye = labels == Region.L_EYE
    beside, far = eye & grown(hair, 1), eye & ~grown(hair, 5)
    assert beside.any() and far.sum() > 20
    assert changed[beside].mean() > 0.4 and changed[far].max() == 0


def test_an_end_of_a_brow_that_is_not_beside_the_rest_is_left_out() -> None:
    """On a turned head, the end beside the temple would stand alone."""
    whole = np.zeros((SIDE, SIDE), np.float32)
    whole[40:46, 20:50] = whole[40:46, 70:100] = 1
    seen = np.zeros((SIDE, SIDE), bool)
    seen[41:45, 22:34] = seen[41:45, 72:88] = True
    drawn = np.zeros_like(whole)
    drawn[40:46, 42:50] = drawn[40:46, 89:100] = 1
    kept = without_loose_ends(drawn, whole, seen)
    assert not kept[:, :60].any()
    np.testing.assert_array_equal(kept[:, 60:], drawn[:, 60:])
    np.testing.assert_array_equal(without_loose_ends(whole, whole, np.zeros_like(seen)), whole)
    drawn[:, 93:] = 0  # the other end is short: it would look like a scratch
    assert not without_loose_ends(drawn, whole, seen).any()
