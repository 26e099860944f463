"""Portraits as items of a packed dataset."""

from __future__ import annotations

from dataclasses import dataclass

from hairgan.data.measure import measure
from hairgan.data.packing import Item
from hairgan.data.portraits import portrait
from hairgan.data.splits import hashed_split

VERSION = 1
"""Of the drawings: to be raised with every change of the pixels, so that older packed portraits are not taken."""


@dataclass(frozen=True)
class PortraitItem:
    """Gives the i-th portrait with its attributes, for `hairgan.data.packing.pack`.

    Args:
        seed: which people.
        size: side in pixels.
    """

    seed: int
    size: int

    def __call__(self, index: int) -> Item:
        drawn = portrait(self.seed, index, self.size)
        name = f"{index:06d}"
        attributes = {"name": name, "split": hashed_split(f"portrait {name}")} | drawn.attributes
        return drawn.image, drawn.labels, attributes | measure(drawn.labels, attributes)
