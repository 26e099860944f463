"""`benchmarks/misplaced_hair.py` moves hair and nothing else."""

from __future__ import annotations

import numpy as np

from benchmarks.misplaced_hair import Misplaced
from hairgan.editbench.drawn_cases import cases
from hairgan.regions import Region


def test_hair_alone_is_moved_and_farther_with_more_pixels():
    (solved,) = cases("restyle", 1, 64, seed=4242)
    truth, case = solved.truth, solved.case
    hair = (truth.labels == Region.HAIR) | (case.source_labels == Region.HAIR)
    errors = []
    for pixels in (0.0, 0.5, 3.0):
        moved = Misplaced(pixels).edit_with_truth(case, truth)
        np.testing.assert_array_equal(moved[~hair], truth.image[~hair])
        errors.append(np.abs(moved.astype(int) - truth.image)[hair].mean())
    assert errors[0] == 0 < errors[1] < errors[2]
