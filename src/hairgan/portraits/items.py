"""Portraits as items of a packed dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hairgan.data.items import Item
from hairgan.data.measured_attributes import measure
from hairgan.data.splits import hashed_split
from hairgan.portraits import Portrait, portrait, randomized

Style = Literal["plain", "randomized"]
"""How people are drawn: as in EditBench, or so that networks trained on them work on photographs."""

DRAW: dict[Style, Callable[[int, int, int], Portrait]] = {"plain": portrait, "randomized": randomized.portrait}
"""Seed, index and size to a portrait, for each style."""

VERSIONS: dict[Style, int] = {"plain": 1, "randomized": 4}
"""Of the drawings. Raise it with every change of the pixels, so that portraits packed before are not used."""


@dataclass(frozen=True)
class PortraitItem:
    """Gives the i-th portrait with its attributes, for `hairgan.data.packing.pack`.

    Args:
        seed: which people.
        size: side in pixels.
        style: how they are drawn.
    """

    seed: int
    size: int
    style: Style = "plain"

    def __call__(self, index: int) -> Item:
        drawn = DRAW[self.style](self.seed, index, self.size)
        name = f"{index:06d}"
        attributes = {"name": name, "split": hashed_split(f"portrait {name}")} | drawn.attributes
        return Item(drawn.image, drawn.labels, attributes | measure(drawn.labels, attributes))
