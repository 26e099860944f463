"""Measures on label maps of block people whose measures are known by construction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.measured_attributes import BOB_BELOW_CHIN, LONG_BELOW_CHIN, measure
from hairgan.regions import Region

EYES, CHIN = 100, 160  # rows; so a face is 1.5 * 60 = 90 px high
FACE = 90


def person(hair_to: int | None, fringe_to: int = 0, size: int = 256) -> UInt8[ndarray, "h w"]:
    """A face with hair on both sides down to row `hair_to`, and over the forehead down to `fringe_to`."""
    labels = np.zeros((size, size), dtype=np.uint8)
    if hair_to is not None:
        labels[20:hair_to, 50:206] = Region.HAIR
    labels[30:180, 100:156] = Region.NECK
    labels[30 : CHIN + 1, 80:176] = Region.SKIN
    for left, eye in ((150, Region.L_EYE), (96, Region.R_EYE)):
        labels[EYES - 2 : EYES + 3, left : left + 10] = eye
    labels[EYES : EYES + 25, 124:132] = Region.NOSE
    labels[140:146, 118:138] = Region.U_LIP
    labels[30:fringe_to, 80:176] = Region.HAIR
    return labels


def length_of(labels: UInt8[ndarray, "h w"], **known: Any) -> object:
    return measure(labels, known)["hair_length"]


@pytest.mark.parametrize("hair_to", [60, 100, 158, 200])
def test_hair_below_chin_is_in_face_heights(hair_to: int) -> None:
    measures = measure(person(hair_to), {})
    assert measures["hair_below_chin"] == pytest.approx((hair_to - 1 - CHIN) / FACE)


def test_measures_do_not_depend_on_the_size() -> None:
    small, large = person(150, 70), np.kron(person(150, 70), np.ones((3, 3), dtype=np.uint8))
    for key, value in measure(small, {}).items():
        other = measure(large, {})[key]
        assert other == (pytest.approx(value, abs=0.02) if isinstance(value, float) else value)


def test_a_stray_strand_does_not_count() -> None:
    labels = person(150)
    labels[150:250, 60:64] = Region.HAIR  # 4 of 256 px: less than 2 %
    assert measure(labels, {})["hair_below_chin"] == pytest.approx((149 - CHIN) / FACE)


def test_length() -> None:
    def below(share: float) -> int:
        return round(CHIN + share * FACE) + 1

    assert length_of(person(below(BOB_BELOW_CHIN - 0.05))) == "short"
    assert length_of(person(below(BOB_BELOW_CHIN + 0.05))) == "bob"
    assert length_of(person(below(LONG_BELOW_CHIN - 0.05))) == "bob"
    assert length_of(person(below(LONG_BELOW_CHIN + 0.05))) == "long"
    cropped = person(200)[: CHIN + 5]  # hair leaves the picture before it could be long by its measure
    assert length_of(cropped) == "long"


def test_no_hair_is_short_unless_a_hat_hides_it() -> None:
    bald = person(None)
    assert measure(bald, {})["hair_below_chin"] is None and length_of(bald) == "short"
    bald[10:40, 70:186] = Region.HAT
    assert length_of(bald) is None


def test_no_face_no_length() -> None:
    labels = np.full((64, 64), Region.HAIR, dtype=np.uint8)
    measures = measure(labels, {})
    assert measures["hair_area"] == 1.0
    assert measures["hair_length"] is None and measures["forehead_covered"] is None
    assert measure(np.zeros((64, 64), dtype=np.uint8), {})["hair_area"] == 0.0


def test_forehead() -> None:
    """The box reaches from row 100 - 30 to 100 - 15."""
    assert measure(person(150, fringe_to=70), {})["forehead_covered"] == 0.0
    assert measure(person(150, fringe_to=79), {})["forehead_covered"] == pytest.approx(9 / 15)
    assert measure(person(150, fringe_to=90), {})["forehead_covered"] == 1.0
    hat = person(150)
    hat[10:95, 60:200] = Region.HAT
    assert measure(hat, {})["forehead_covered"] is None


def test_hidden_eyes() -> None:
    plain = measure(person(150, 79), {})
    glasses = person(150, 79)
    glasses[np.isin(glasses, (Region.L_EYE, Region.R_EYE))] = Region.EYE_G
    assert measure(glasses, {}) == plain
    fringe = person(150, 104)  # over both eyes: only the nose is left to measure from
    assert measure(fringe, {})["hair_length"] == "bob" and measure(fringe, {})["forehead_covered"] == 1.0
    one = person(150, 79)
    one[one == Region.L_EYE] = Region.HAIR
    assert measure(one, {})["forehead_covered"] == pytest.approx(9 / 15)


def test_attributes_from_annotations() -> None:
    labels = person(150)
    measures = measure(labels, {"Straight_Hair": True, "Wavy_Hair": False, "Gray_Hair": True})
    assert (measures["hair_texture"], measures["hair_color"]) == ("straight", "grey")
    both = measure(labels, {"Straight_Hair": True, "Wavy_Hair": True, "Black_Hair": True, "Brown_Hair": True})
    assert (both["hair_texture"], both["hair_color"]) == (None, None)
    assert measure(labels, {"Wavy_Hair": True})["hair_texture"] == "perm"


def test_what_the_source_says_is_kept() -> None:
    known = {"hair_length": "long", "hair_color": "red", "hair_texture": "perm", "Straight_Hair": True}
    measures = measure(person(150), known)
    assert (measures["hair_length"], measures["hair_color"], measures["hair_texture"]) == ("long", "red", "perm")
    assert "Straight_Hair" not in measures
