"""Randomized portraits: the same anywhere, label maps that fit the picture, and nothing of the plain ones changed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hairgan.portraits import Portrait, portrait, randomized
from hairgan.portraits.items import PortraitItem
from hairgan.portraits.randomized.hairstyle import sample_hairstyle
from hairgan.portraits.randomized.identity import sample_identity
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import NUM_REGIONS, Region


@pytest.fixture(scope="module")
def people() -> list[Portrait]:
    return [randomized.portrait(0, index, 64) for index in range(60)]


DATA = Path(__file__).parents[2] / "data"


def digest(drawn: list[Portrait]) -> str:
    hashed = hashlib.sha256()
    for one in drawn:
        hashed.update(one.image.tobytes() + one.labels.tobytes())
    return hashed.hexdigest()[:16]


def test_plain_portraits_stay_as_they_are() -> None:
    """EditBench's numbers and the bundles in use stand on these pictures. Processors round sines differently."""
    randomized.portrait(3, 5, 64)
    drawn = [portrait(3, index, 64) for index in range(6)]
    with np.load(DATA / "plain_portraits.npz") as kept:
        images, labels = kept["images"].astype(int), kept["labels"]
    difference = np.abs(np.stack([one.image for one in drawn]) - images)
    assert (difference > 2).mean() < 0.001 and difference.mean() < 0.01
    assert (np.stack([one.labels for one in drawn]) != labels).mean() < 0.001


def test_a_portrait_is_a_function_of_its_arguments(people: list[Portrait]) -> None:
    again = randomized.portrait(0, 7, 64)
    np.testing.assert_array_equal(again.image, people[7].image)
    np.testing.assert_array_equal(again.labels, people[7].labels)
    assert again.attributes == people[7].attributes
    assert not np.array_equal(again.image, randomized.portrait(1, 7, 64).image)


def test_another_process_draws_the_same(people: list[Portrait]) -> None:
    code = (
        "import hashlib; from hairgan.portraits.randomized import portrait; h = hashlib.sha256()\n"
        "for i in range(3): d = portrait(0, i, 64); h.update(d.image.tobytes() + d.labels.tobytes())\n"
        "print(h.hexdigest()[:16])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(people[:3])


@pytest.mark.parametrize("size", [32, 63, 200])
def test_sizes(size: int) -> None:
    drawn = randomized.portrait(0, 1, size)
    assert drawn.image.shape == (size, size, 3) and drawn.image.dtype == np.uint8
    assert drawn.labels.shape == (size, size) and drawn.labels.dtype == np.uint8


def test_sizes_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="32 to 1024 pixels, got 31"):
        randomized.portrait(0, 0, 31)


def test_every_region_occurs(people: list[Portrait]) -> None:
    seen = set(np.unique(np.stack([drawn.labels for drawn in people])))
    for index in range(len(people), 400):
        if len(seen) == NUM_REGIONS:
            break
        seen |= set(np.unique(randomized.portrait(0, index, 64).labels))
    assert seen == set(range(NUM_REGIONS))


def test_regions_cover_as_much_as_in_photographs(people: list[Portrait]) -> None:
    """Around the means of CelebAMask-HQ."""
    share = np.mean([np.bincount(drawn.labels.ravel(), minlength=NUM_REGIONS) for drawn in people], axis=0) / 64**2
    assert 0.2 < share[Region.BACKGROUND] < 0.45
    assert 0.18 < share[Region.SKIN] < 0.34
    assert 0.2 < share[Region.HAIR] < 0.4
    assert share[Region.CLOTH] > 0.015 and share[Region.NECK] > 0.02


def test_hair_is_where_the_attributes_say(people: list[Portrait]) -> None:
    assert any(drawn.attributes["Bald"] for drawn in (randomized.portrait(0, i, 32) for i in (50, 127)))
    for drawn in people:
        hair = (drawn.labels == Region.HAIR).mean()
        assert hair == 0 if drawn.attributes["Bald"] else hair > 0.005 or drawn.attributes["Wearing_Hat"]
        assert drawn.attributes["Eyeglasses"] == bool((drawn.labels == Region.EYE_G).any())


def test_eyes_are_where_aligned_photographs_have_them() -> None:
    rows, columns = [], []
    for index in range(60):
        drawn = randomized.portrait(2, index, 64)
        for region in (Region.L_EYE, Region.R_EYE):
            y, x = np.nonzero(drawn.labels == region)
            if len(y):
                rows.append(y.mean() / 64)
                columns.append(abs(x.mean() / 64 - 0.5))
    assert 0.44 < np.median(rows) < 0.50 and 0.10 < np.median(columns) < 0.15


def test_textures_have_the_promised_mean_and_deviation() -> None:
    for kind in ("grain", "cloud", "strands", "spots"):
        tile = texture(numpy_generator(0, "test"), kind, 512, 512, 1.0, 0.0)  # type: ignore[arg-type]
        assert abs(tile.mean()) < 0.05 and 0.7 < tile.std() < 1.1


def test_most_men_wear_short_hair() -> None:
    short = [
        sample_hairstyle(0, index, person).length == "short"
        for index in range(200)
        if (person := sample_identity(0, index)).male
    ]
    assert 0.65 < np.mean(short) < 0.9


def test_items_of_both_styles_differ() -> None:
    plain, other = PortraitItem(0, 32)(1), PortraitItem(0, 32, "randomized")(1)
    np.testing.assert_array_equal(plain[0], portrait(0, 1, 32).image)
    np.testing.assert_array_equal(other[0], randomized.portrait(0, 1, 32).image)


def test_mixed_people_are_plain_and_randomized_in_turn() -> None:
    plain, other = PortraitItem(0, 32, "mixed")(2), PortraitItem(0, 32, "mixed")(3)
    np.testing.assert_array_equal(plain[0], portrait(0, 2, 32).image)
    np.testing.assert_array_equal(other[0], randomized.portrait(0, 3, 32).image)


def test_mixed_hard_people_are_hard_plain_and_randomized_in_turn() -> None:
    items = [PortraitItem(0, 32, "mixed_hard")(index)[0] for index in range(4, 8)]
    expected = [draw(0, index, 32) for index, draw in enumerate(
        (portrait, randomized.hard_portrait, randomized.portrait, randomized.hard_portrait), 4)]  # fmt: skip
    for item, drawn in zip(items, expected, strict=True):
        np.testing.assert_array_equal(item, drawn.image)
