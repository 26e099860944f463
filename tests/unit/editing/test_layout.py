"""Layouts: only the hair moves, faces are kept, gaps are filled."""

from __future__ import annotations

import cv2
import numpy as np

from hairgan.editing.layout import ABOVE_HAIR, UNDER_HAIR, preserve_layout, seed_layout
from hairgan.regions import Region
from tests.unit.heads import draw_labels


def test_preserve_takes_only_hair() -> None:
    source, rough = draw_labels(200, 0.5, 0.25), np.roll(draw_labels(200, 0.95, 0.4), 9, axis=0)
    out = preserve_layout(source, rough)
    old, new = source == Region.HAIR, out == Region.HAIR
    above = np.isin(source, ABOVE_HAIR)
    rough_hair = (rough == Region.HAIR) & ~above
    assert (new & rough_hair).sum() > 0.98 * (new | rough_hair).sum()
    assert np.array_equal(out[~old & ~new], source[~old & ~new])
    assert np.array_equal(out[above], source[above])


def test_specks_of_hair_are_left_out_and_edges_are_smooth() -> None:
    source = draw_labels(200, 0.5, 0.25)
    rough = draw_labels(200, 0.95, 0.4)
    clean = preserve_layout(source, rough)
    spoilt = rough.copy()
    spoilt[180:190, 4:14] = Region.HAIR  # a speck
    rows, columns = np.nonzero(
        cv2.morphologyEx((rough == Region.HAIR).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones(3))
    )
    spoilt[rows[::7], columns[::7]] = Region.HAIR  # and a ragged edge
    assert (rough != spoilt).sum() > 120 > 2 * (preserve_layout(source, spoilt) != clean).sum()


def test_uncovered_pixels_show_regions_that_hair_can_hide() -> None:
    source, rough = draw_labels(200, 0.95, 0.4), draw_labels(200, 0.5, 0.22)
    rough[100:110] = Region.NOSE
    out = preserve_layout(source, rough)
    uncovered = (source == Region.HAIR) & (out != Region.HAIR)
    assert uncovered.mean() > 0.1
    assert set(np.unique(out[uncovered])) <= set(UNDER_HAIR)
    taken = uncovered & np.isin(rough, UNDER_HAIR)
    assert np.array_equal(out[taken], rough[taken])
    nothing = np.full((8, 8), Region.HAIR, np.uint8)
    assert (preserve_layout(nothing, np.full((8, 8), Region.NOSE, np.uint8)) == Region.BACKGROUND).all()


def test_nearest_region_fills_where_the_rough_head_shows_a_feature() -> None:
    source = np.full((6, 9), Region.HAIR, np.uint8)
    source[:, :2], source[:, 7:] = Region.CLOTH, Region.SKIN
    out = preserve_layout(source, np.full((6, 9), Region.NOSE, np.uint8))
    assert out[3].tolist()[:4] == [Region.CLOTH] * 4 and out[3].tolist()[5:] == [Region.SKIN] * 4


def test_seed_takes_everything() -> None:
    rough = draw_labels(200, 0.95)
    assert np.array_equal(seed_layout(draw_labels(200), rough), rough)
