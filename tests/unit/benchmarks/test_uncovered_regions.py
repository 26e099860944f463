"""`benchmarks/uncovered_regions.py` replaces one uncovered part and nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.uncovered_regions import PARTS, OtherGrain, Restyled, WithTruePart
from hairgan.editbench.drawn_cases import cases
from hairgan.regions import Region


class CopiesSource:
    calls = 0

    def edit_with_truth(self, case, truth):
        self.calls += 1
        return case.source


def test_the_truth_stands_where_the_old_hair_covered_that_part():
    (solved,) = cases("restyle", 1, 64, seed=4242)
    truth, case, method = solved.truth, solved.case, CopiesSource()
    restyled = Restyled(method)
    old = case.source_labels == Region.HAIR
    for part in ("nothing", "background", "everything"):
        picture = WithTruePart(restyled, PARTS[part]).edit_with_truth(case, truth)
        true = old & np.isin(truth.labels, PARTS[part])
        np.testing.assert_array_equal(picture, np.where(true[..., None], truth.image, case.source))
        assert true.any() == (part != "nothing")
    assert method.calls == 1


def test_another_grain_has_the_same_strength():
    """And it is that of the same person: the mean over neighbors is the same."""
    (solved,) = cases("restyle", 1, 64, seed=4242)
    other = OtherGrain(1, 4242).picture(solved.case).astype(float)
    difference = other - solved.truth.image
    assert (difference != 0).mean() > 0.3 and np.abs(cv2.blur(difference, (15, 15))).max() < 2
    assert np.abs(cv2.Laplacian(other, cv2.CV_64F)).mean() / np.abs(
        cv2.Laplacian(solved.truth.image.astype(float), cv2.CV_64F)
    ).mean() == pytest.approx(1, abs=0.03)
    (again,) = cases("restyle", 1, 64, seed=4242)
    np.testing.assert_array_equal(again.truth.image, solved.truth.image)
