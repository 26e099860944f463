"""Sheets of images, and pictures as files."""

from pathlib import Path

import numpy as np
import pytest
from numpy import ndarray
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from hairgan.pictures import BACKGROUND, GAP, save_picture, sheet


def picture(height: int, width: int, seed: int = 0) -> ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def contains(whole: ndarray, part: ndarray) -> bool:
    """Whether `part` is in `whole`, pixel for pixel."""
    return bool((sliding_window_view(whole, part.shape) == part).all(axis=(3, 4, 5)).any())


def test_images_stand_in_rows_and_columns() -> None:
    rows = [[picture(20, 20, 1), picture(20, 20, 2)], [None, picture(20, 20, 3)]]
    drawn = sheet(rows)
    assert drawn.shape == (GAP + 2 * (20 + GAP), GAP + 2 * (20 + GAP), 3)
    first, second = slice(GAP, GAP + 20), slice(2 * GAP + 20, 2 * GAP + 40)
    np.testing.assert_array_equal(drawn[first, first], rows[0][0])
    np.testing.assert_array_equal(drawn[first, second], rows[0][1])
    np.testing.assert_array_equal(drawn[second, second], rows[1][1])
    assert (drawn[second, first] == BACKGROUND).all()


def test_names_and_title_take_their_place() -> None:
    rows = [[picture(30, 30, 1)], [picture(30, 30, 2)]]
    bare, named = sheet(rows), sheet(rows, ["long", "short"], ["a rather long name"], title="domains")
    assert named.shape[0] > bare.shape[0] and named.shape[1] > bare.shape[1]
    assert all(contains(named, row[0]) for row in rows)


def test_images_of_all_sizes_get_one_height() -> None:
    drawn = sheet([[picture(60, 30), picture(15, 45)]], height=30)
    assert drawn.shape == (GAP + 30 + GAP, GAP + (15 + GAP) + (90 + GAP), 3)
    enlarged = sheet([[picture(10, 10, 1)]], height=40)[GAP : GAP + 40, GAP : GAP + 40]
    np.testing.assert_array_equal(enlarged, picture(10, 10, 1).repeat(4, axis=0).repeat(4, axis=1))


def test_wrong_numbers_of_names_are_refused() -> None:
    for arguments, message in (
        (([],), "at least one image"),
        (([[None]],), "at least one image"),
        (([[picture(8, 8)]], ["a", "b"]), "2 row names for 1 rows"),
        (([[picture(8, 8)]], [], ["a", "b"]), "2 column names for 1 columns"),
    ):
        with pytest.raises(ValueError, match=message):
            sheet(*arguments)


def test_a_file_is_of_the_format_of_its_name(tmp_path: Path) -> None:
    for name, form in (("new/a.png", "PNG"), ("new/b.jpg", "JPEG")):
        with Image.open(save_picture(picture(8, 9), tmp_path / name)) as saved:
            assert saved.format == form and saved.size == (9, 8)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "a.png")), picture(8, 9))
