"""Kinds of dyes: lightening, darkening, and another hue, which fail in different ways."""

from __future__ import annotations

import numpy as np

from hairgan.editbench.drawn_cases import SolvedCase
from hairgan.editing.color import rgb_to_lab
from hairgan.regions import Region

DYE_KINDS = ("lighter", "darker", "hue")

MIN_DIFFERENCE = 8.0
"""Difference of the mean lightness of old and wanted hair, in Lab, from which a dye counts as lighter or darker."""


def dye_kind(solved: SolvedCase) -> str:
    """One of `DYE_KINDS`: how the mean lightness of the true result's hair differs from the source's."""
    case, truth = solved.case, solved.truth
    old, wanted = (
        float(rgb_to_lab(picture[labels == Region.HAIR].astype(np.float32))[:, 0].mean())
        for picture, labels in ((case.source, case.source_labels), (truth.image, truth.labels))
    )
    if abs(wanted - old) < MIN_DIFFERENCE:
        return "hue"
    return "lighter" if wanted > old else "darker"
