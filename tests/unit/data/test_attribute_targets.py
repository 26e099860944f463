import polars as pl
import pytest

from hairgan.data.attribute_targets import attribute_targets
from hairgan.hair_attributes import HEADS


def test_classes_and_unknowns():
    table = pl.DataFrame(
        {
            "Bangs": [True, False, None],
            "hair_length": ["long", None, "short"],
            "hair_texture": ["perm", "straight", None],
            "hair_color": ["other", "black", "blond"],
            "Male": [False, True, None],
        }
    )
    assert list(HEADS) == ["bangs", "length", "texture", "color", "gender"]
    assert attribute_targets(table).tolist() == [[1, 2, 1, 5, 0], [0, -1, 0, 0, 1], [-1, 0, -1, 2, -1]]
    assert attribute_targets(table.drop("hair_color", "Male")).tolist()[0] == [1, 2, 1, -1, -1]


def test_strange_word():
    with pytest.raises(ValueError, match="hair_color holds 'green'"):
        attribute_targets(pl.DataFrame({"hair_color": ["green", "black"]}))
