"""Smooth outlines of label maps."""

from __future__ import annotations

import numpy as np

from hairgan.data.outlines import smooth_outlines
from hairgan.regions import Region


def test_outlines_close_gaps_and_keep_small_regions() -> None:
    labels = np.full((64, 64), Region.SKIN, dtype=np.uint8)
    labels[:32] = Region.HAIR
    labels[20, 10:50] = Region.SKIN  # a gap between strands
    labels[31:40, 30] = Region.HAIR  # a single strand
    labels[45, 20:28] = Region.L_EYE  # thin, but a region of its own
    smooth = smooth_outlines(labels)
    assert (smooth[:31] == Region.HAIR).all() and (smooth[36:44] == Region.SKIN).all()
    np.testing.assert_array_equal(smooth == Region.L_EYE, labels == Region.L_EYE)
