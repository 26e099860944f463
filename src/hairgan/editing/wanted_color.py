"""The hair color that an edit is to give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hairgan.editing.color import LabColor, parse_color, rgb_to_lab
from hairgan.editing.references import WeightedReference


@dataclass(frozen=True, eq=False)
class WantedColor:
    """A wanted hair color, and the photos it is taken from, if any."""

    lab: LabColor
    references: tuple[WeightedReference, ...] = ()
    owner: str = "the reference"
    """Whose hair has the color, for `Edit.method`."""

    @classmethod
    def from_text(cls, text: str) -> WantedColor:
        """A named or hex color.

        Raises:
            ValueError: as in `hairgan.editing.color.parse_color`.
        """
        return cls(LabColor(rgb_to_lab(parse_color(text).astype(np.float32)).astype(np.float64)))

    @classmethod
    def from_references(cls, references: Sequence[WeightedReference], owner: str = "the reference") -> WantedColor:
        """The color of the references' hair, weighted by their shares."""
        colors = [(reference.share, reference.photo.hair_color()) for reference in references]
        mean = sum(share * color.mean for share, color in colors)
        spread = sum(share * np.asarray(color.spread) for share, color in colors)
        tones = sum(share * np.asarray(color.tones) for share, color in colors)
        return cls(LabColor(np.asarray(mean), np.asarray(spread), np.asarray(tones)), tuple(references), owner)
