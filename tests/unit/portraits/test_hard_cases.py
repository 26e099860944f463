"""Hard portraits: each case is drawn, labeled as what it is, and changes nothing of the randomized portraits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from hairgan.portraits import Portrait, randomized
from hairgan.portraits.canvas import Canvas
from hairgan.portraits.randomized.hairstyle import sample_hairstyle
from hairgan.portraits.randomized.hard_cases import HardCases, cast_hard_shadows, with_gray_hair
from hairgan.portraits.randomized.identity import sample_identity
from hairgan.portraits.randomized.lookalikes import paint_lookalikes_behind, shade_ears
from hairgan.regions import Region

SIZE = 64
SHORT, LONG = 8, 5
"""People who have short hair with tufts at the nape, and long hair."""

Draw = Callable[[int, HardCases], Portrait]


@pytest.fixture(scope="module")
def draw() -> Draw:
    """From the number of a person and the cases that the portrait has to the portrait."""

    @cache
    def drawn(index: int, cases: HardCases) -> Portrait:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HardCases, "sample", staticmethod(lambda noise: cases))
            return randomized.hard_portrait(0, index, SIZE)

    return drawn


@pytest.mark.parametrize("index", [SHORT, LONG])
def test_without_a_case_a_hard_portrait_is_the_randomized_one(draw: Draw, index: int) -> None:
    hard, other = draw(index, HardCases()), randomized.portrait(0, index, SIZE)
    np.testing.assert_array_equal(hard.image, other.image)
    np.testing.assert_array_equal(hard.labels, other.labels)


@pytest.mark.parametrize("case", [field.name for field in fields(HardCases)])
def test_each_case_changes_the_picture(draw: Draw, case: str) -> None:
    assert not np.array_equal(draw(SHORT, HardCases(**{case: True})).image, draw(SHORT, HardCases()).image)


@pytest.mark.parametrize(
    "case", ["light_wall", "wall_shadow", "neck_shadow", "flowers_behind", "lookalikes", "dark_ears"]
)
def test_what_is_not_hair_leaves_the_label_map_as_it_is(draw: Draw, case: str) -> None:
    np.testing.assert_array_equal(draw(SHORT, HardCases(**{case: True})).labels, draw(SHORT, HardCases()).labels)


def test_flowers_in_front_of_hair_are_background(draw: Draw) -> None:
    before, after = (draw(LONG, HardCases(flowers_in_front=front)).labels for front in (False, True))
    covered = (before == Region.HAIR) & (after == Region.BACKGROUND)
    assert covered.sum() > 20
    assert (after[before != after] == Region.BACKGROUND).mean() > 0.9


def test_hair_at_the_nape_is_hair_beside_the_neck(draw: Draw) -> None:
    """It is below the middle of the ears, and does not cover the face."""
    before, after = (draw(SHORT, HardCases(nape=nape)).labels for nape in (False, True))
    added = (after == Region.HAIR) & (before != Region.HAIR)
    assert added.sum() > 100
    assert np.median(np.nonzero(added)[0]) > 0.5 * SIZE
    assert not added[np.isin(before, (Region.NOSE, Region.L_EYE, Region.R_EYE, Region.MOUTH))].any()
    assert added[before == Region.SKIN].mean() < 0.02


@pytest.mark.parametrize("index", [SHORT, 7])
def test_a_hairline_gets_thin_on_skin_near_the_hair(draw: Draw, index: int) -> None:
    """What is labeled as hair in addition was skin, and its color is between that of skin and of hair."""
    before, after = (draw(index, HardCases(hairline=thin)) for thin in (False, True))
    hair, skin = before.labels == Region.HAIR, before.labels == Region.SKIN
    added = (after.labels == Region.HAIR) & ~hair
    np.testing.assert_array_equal(after.labels[~added], before.labels[~added])
    assert added.sum() > 15 and skin[added].all()
    distance = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert distance[added].max() < 0.12 * SIZE
    of_hair, of_skin = (before.image[region].mean(axis=0).astype(float) for region in (hair, added))
    moved = (after.image[added].mean(axis=0) - of_skin) @ (of_hair - of_skin) / np.square(of_hair - of_skin).sum()
    assert 0.1 < moved < 1


def test_gray_hair_has_little_color() -> None:
    for index in range(20):
        style = with_gray_hair(sample_hairstyle(0, index, sample_identity(0, index)), index)
        assert style.color_name == "grey"
        assert max(style.color) - min(style.color) < 0.25 * max(style.color) and min(style.color) > 50


def test_a_hard_shadow_falls_beside_the_head_only() -> None:
    labels = np.zeros((SIZE, SIZE), dtype=np.uint8)
    cv2.circle(labels, (SIZE // 2, SIZE // 2), 16, int(Region.SKIN), -1)
    image = np.full((SIZE, SIZE, 3), 200, dtype=np.float32)
    cast_hard_shadows(image, labels, HardCases(wall_shadow=True), 5)
    inner = cv2.erode((labels == Region.SKIN).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert image[inner].min() > 195 and image[labels == Region.BACKGROUND].min() < 150


def test_a_shadow_of_the_head_falls_on_the_neck() -> None:
    labels = np.full((SIZE, SIZE), int(Region.NECK), dtype=np.uint8)
    labels[: SIZE // 2] = Region.SKIN
    image = np.full((SIZE, SIZE, 3), 200, dtype=np.float32)
    cast_hard_shadows(image, labels, HardCases(neck_shadow=True), 5)
    assert image[: SIZE // 2 - 3].min() > 195
    assert image[SIZE // 2 :].min() < 170 and image[SIZE - 1].min() > 195


def test_ears_in_the_shade_of_hair_are_darker_and_nothing_else_is() -> None:
    labels = np.full((SIZE, SIZE), int(Region.SKIN), dtype=np.uint8)
    labels[20:40, :12], labels[20:40, 12:24] = Region.HAIR, Region.L_EAR
    image = np.full((SIZE, SIZE, 3), 200, dtype=np.float32)
    shade_ears(image, labels, 3)
    ear = image[labels == Region.L_EAR].reshape(20, 12, 3)
    assert ear.max() < 190 and ear[5:-5, 1].mean() < ear[5:-5, -2].mean() - 5
    assert image[:, 30:].min() == 200


def test_lookalikes_have_a_color_near_that_of_the_hair() -> None:
    """On average over many portraits nearer than the hair of the next one."""
    near = far = 0.0
    styles = [sample_hairstyle(0, index, sample_identity(0, index)) for index in range(24)]
    for style, other in pairwise(styles):
        canvas = Canvas(SIZE, sample_identity(0, 0).scene.camera)
        before = canvas.image.copy()
        paint_lookalikes_behind(canvas, style, style.noise)
        painted = canvas.image[np.abs(canvas.image - before).max(axis=2) > 1]
        hues = [np.array(each.color) / max(each.color) for each in (style, other)]
        mean = painted.mean(axis=0) / painted.mean(axis=0).max()
        near, far = near + float(np.abs(mean - hues[0]).sum()), far + float(np.abs(mean - hues[1]).sum())
    assert near < 0.6 * far


def test_every_case_occurs_and_none_always_but_the_nape() -> None:
    sampled = [HardCases.sample(noise) for noise in range(300)]
    for field in fields(HardCases):
        share = np.mean([getattr(cases, field.name) for cases in sampled])
        assert share == 1 if field.name == "nape" else 0.02 < share < 0.7
