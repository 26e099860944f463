"""`benchmarks/uncovered_regions.py` replaces one uncovered part and nothing else."""

from __future__ import annotations

import numpy as np

from benchmarks.uncovered_regions import PARTS, Restyled, WithTruePart
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
