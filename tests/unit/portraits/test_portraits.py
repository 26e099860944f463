from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hairgan.pictures import GAP
from hairgan.portraits import SHADOW_REACH, Hairstyle, Identity, draw, portrait
from hairgan.portraits.contact_sheet import ROWS, contact_sheet
from hairgan.regions import NUM_REGIONS, Region

SEEN_AS = {
    "Eyeglasses": Region.EYE_G,
    "Wearing_Hat": Region.HAT,
    "Wearing_Earrings": Region.EAR_R,
    "Wearing_Necklace": Region.NECK_L,
}


@pytest.fixture(scope="module")
def people() -> list:
    return [portrait(0, index, 64) for index in range(40)]


def test_portrait_is_a_function_of_its_arguments() -> None:
    first, again = portrait(3, 5, 64), portrait(3, 5, 64)
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.attributes == again.attributes
    assert not np.array_equal(first.image, portrait(3, 6, 64).image)
    assert not np.array_equal(first.image, portrait(4, 5, 64).image)


@pytest.mark.parametrize("size", [32, 63, 200])
def test_sizes(size: int) -> None:
    drawn = portrait(0, 1, size)
    assert drawn.image.shape == (size, size, 3) and drawn.image.dtype == np.uint8
    assert drawn.labels.shape == (size, size) and drawn.labels.dtype == np.uint8
    assert drawn.labels.max() < NUM_REGIONS


@pytest.mark.parametrize("size", [31, 1025])
def test_sizes_out_of_range_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"32 to 1024 pixels, got {size}"):
        portrait(0, 0, size)


def test_geometry_does_not_depend_on_the_size() -> None:
    small, large = portrait(0, 2, 64).labels, portrait(0, 2, 256).labels
    centers = large[2::4, 2::4]
    assert (small == centers).mean() > 0.95


def test_every_region_occurs(people: list) -> None:
    seen = set(np.unique(np.stack([drawn.labels for drawn in people])))
    for index in range(len(people), 500):
        if len(seen) == NUM_REGIONS:
            break
        seen |= set(np.unique(portrait(0, index, 64).labels))
    assert seen == set(range(NUM_REGIONS))


def test_attributes_agree_with_labels(people: list) -> None:
    for drawn in people:
        for name, region in SEEN_AS.items():
            assert drawn.attributes[name] == bool((drawn.labels == region).any())


def test_hair_length_shows_in_the_labels(people: list) -> None:
    lowest: dict[str, list[float]] = {"short": [], "bob": [], "long": []}
    for drawn in people:
        rows = np.flatnonzero((drawn.labels == Region.HAIR).any(axis=1))
        lowest[str(drawn.attributes["hair_length"])].append((rows.max() + 1) / 64)
    assert max(lowest["short"]) < 0.65
    assert min(lowest["bob"]) > 0.65 and max(lowest["bob"]) < 1.0
    assert min(lowest["long"]) > 0.95


def test_bangs_cover_the_forehead() -> None:
    person = Identity.sample(0, 13)
    bare = next(s for i in range(99) if (s := Hairstyle.sample(0, i)).bangs == "none" and s.length == "long")
    fringe = replace(bare, bangs="full")
    covered = []
    for style in (bare, fringe):
        drawn = draw(person, style, 64)
        forehead = drawn.labels[20:26, 28:37]
        covered.append((forehead == Region.HAIR).mean())
        assert drawn.attributes["Bangs"] == (style.bangs != "none")
    assert covered[0] < 0.2 and covered[1] > 0.8


def test_another_hairstyle_changes_nothing_elsewhere() -> None:
    size, person = 96, Identity.sample(0, 13)
    styles = [Hairstyle.sample(0, index) for index in (2, 8, 16)]
    drawn = [draw(person, style, size) for style in styles]
    reach = 2 * round(SHADOW_REACH * size) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    for one, other in ((0, 1), (1, 2)):
        hair = (drawn[one].labels == Region.HAIR) | (drawn[other].labels == Region.HAIR)
        outside = cv2.dilate(hair.astype(np.uint8), kernel) == 0
        assert outside.mean() > 0.1
        np.testing.assert_array_equal(drawn[one].image[outside], drawn[other].image[outside])
        np.testing.assert_array_equal(drawn[one].labels[outside], drawn[other].labels[outside])
        assert (drawn[one].image != drawn[other].image).mean() > 0.1


def test_picture_and_labels_agree_at_the_borders() -> None:
    """Blue hair on a yellowish person: a pixel of the picture is blue where the label map says hair."""
    person = Identity.sample(0, 13)
    style = replace(Hairstyle.sample(0, 2), color=(20.0, 40.0, 235.0), color_name="other", streak_share=0.0)
    drawn = draw(person, style, 128)
    blue = drawn.image[..., 2].astype(int) - drawn.image[..., 0] > 20
    hair = drawn.labels == Region.HAIR
    near = cv2.dilate(hair.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    deep = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    plain = draw(person, replace(style, color=(20.0, 20.0, 20.0)), 128).image
    changed = np.abs(drawn.image.astype(int) - plain).max(axis=2)
    full = np.median(changed[hair])
    assert full > 100
    assert changed[~near].max() < 0.5 * full  # a hair that covers less than half of a pixel is not labelled
    assert (changed[~near] > 0).mean() < 0.005
    assert blue[deep].mean() > 0.9


def test_covered_ears_are_not_labelled() -> None:
    person = Identity.sample(0, 13)
    bob = next(s for i in range(99) if (s := Hairstyle.sample(0, i)).length == "bob" and not s.tucked_left)
    short = next(s for i in range(99) if (s := Hairstyle.sample(0, i)).length == "short" and s.comb == "up")
    ears = [(draw(person, style, 128).labels == Region.L_EAR).sum() for style in (bob, short)]
    assert ears[0] < 0.3 * ears[1]


def test_left_is_the_subjects_left(people: list) -> None:
    for left, right in ((Region.L_BROW, Region.R_BROW), (Region.L_EAR, Region.R_EAR)):
        columns = [[np.nonzero(drawn.labels == side)[1].mean() for side in (left, right)]
                   for drawn in people if all((drawn.labels == side).any() for side in (left, right))]  # fmt: skip
        assert len(columns) > 10 and all(x_left > x_right for x_left, x_right in columns)


def test_contact_sheet() -> None:
    sheet = contact_sheet(size=32, people=(4,))
    assert sheet.shape[0] == GAP + len(ROWS) * (32 + GAP) and sheet.shape[1] > 2 * 32
