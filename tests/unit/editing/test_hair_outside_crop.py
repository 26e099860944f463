"""Hair that continues outside the crop is dyed, or removed, there too; other people's hair is not."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.editing.salon import SHAPE_STAYS_OUTSIDE, Salon
from hairgan.photos.faces import Face
from hairgan.regions import PALETTE, Region
from tests.unit.heads import SIZE, MeanColorSEAN, PaletteParser, WearsReference, draw_labels, paint_head

POINTS = np.array([[0.39, 0.48], [0.61, 0.48], [0.5, 0.58], [0.41, 0.73], [0.59, 0.73]]) * 200 + (150, 60)


@pytest.fixture
def long_labels() -> np.ndarray:
    """A head whose hair hangs down beyond its crop, and somebody else's hair."""
    labels = np.zeros((420, 500), np.uint8)
    labels[60:260, 150:350] = draw_labels(200, 0.95)
    for columns in (slice(195, 215), slice(285, 305)):
        labels[150:330, columns] = Region.HAIR
    labels[300:400, 420:480] = Region.HAIR
    return labels


@pytest.mark.parametrize("sean", [MeanColorSEAN(), None])
def test_long_hair_is_dyed_to_its_ends(sean: MeanColorSEAN | None, long_labels: np.ndarray) -> None:
    photo = paint_head(long_labels)
    salon = Salon(PaletteParser(), sean, None, lambda _: [Face(POINTS)])
    subject = salon.parse(photo)
    bottom = int(subject.alignment.corners[:, 1].max())
    assert subject.leaves_crop and 240 < bottom < 290
    edit = salon.dye(subject, color="#3c8c3c")
    changed = (edit.image != photo).any(axis=2)
    assert changed[bottom - 20 : 328, 198:212].mean() > 0.99
    assert not changed[360:].any() and not changed[:, 400:].any() and not changed[:, :150].any()
    column = edit.image[bottom - 30 : bottom + 30, 204:208].mean(axis=1)
    assert np.abs(np.diff(column, axis=0)).max() < 25, "no step where the crop ends"
    assert np.abs(column[0] - column[-1]).max() < 25
    assert edit.warnings == () and "hair outside crop" in edit.timings
    untouched = salon.dye(subject, color="#3c8c3c", blend="none").image
    assert np.array_equal(untouched[bottom + 2 :], photo[bottom + 2 :])


def test_long_hair_that_becomes_short_is_removed_to_its_ends(long_labels: np.ndarray) -> None:
    photo = paint_head(long_labels)
    salon = Salon(PaletteParser(), hair_layout=WearsReference(), finder=lambda _: [Face(POINTS)])
    subject, short = salon.parse(photo), salon.parse(paint_head(draw_labels(200, 0.3)), aligned=True)
    bottom = int(subject.alignment.corners[:, 1].max())
    edit = salon.restyle(subject, like=short)
    below = edit.image[bottom + 14 : 332, 193:217].astype(float)  # below the shoulders
    assert np.abs(below - PALETTE[Region.BACKGROUND]).max() < 20
    others = long_labels[:, 420:480] == Region.HAIR
    np.testing.assert_array_equal(edit.image[:, 420:480][others], photo[:, 420:480][others])
    assert edit.warnings == () and "hair outside crop" in edit.timings
    face = np.isin(long_labels, (Region.NOSE, Region.MOUTH, Region.U_LIP))
    np.testing.assert_array_equal(edit.image[face], photo[face])
    np.testing.assert_array_equal(edit.before, subject.crop_at(len(edit.before)))


def test_long_hair_that_stays_long_continues_outside_the_crop(long_labels: np.ndarray) -> None:
    photo = paint_head(long_labels)
    salon = Salon(PaletteParser(), hair_layout=WearsReference(), finder=lambda _: [Face(POINTS)])
    subject = salon.parse(photo)
    bottom = int(subject.alignment.corners[:, 1].max())
    edit = salon.restyle(subject, like=subject)
    np.testing.assert_array_equal(edit.image[bottom + 2 :], photo[bottom + 2 :])
    assert edit.warnings == (SHAPE_STAYS_OUTSIDE,)
    dyed = salon.restyle(subject, like=subject, color="#3c8c3c").image
    column = dyed[bottom - 30 : bottom + 30, 204:208].mean(axis=1)
    assert np.abs(column - (60, 140, 60)).max() < 40 and np.abs(np.diff(column, axis=0)).max() < 25
    others = long_labels[:, 420:480] == Region.HAIR
    np.testing.assert_array_equal(dyed[:, 420:480][others], photo[:, 420:480][others])


def test_hair_inside_the_crop_is_parsed_once() -> None:
    photo = paint_head(draw_labels(200, 0.6))
    edit = Salon(PaletteParser()).dye(photo, color="teal", aligned=True)
    assert "hair outside crop" not in edit.timings and len(edit.mask) > SIZE
