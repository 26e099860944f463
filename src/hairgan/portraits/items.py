"""Portraits as items of a packed dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hairgan.data.items import Item
from hairgan.data.measured_attributes import measure
from hairgan.data.splits import hashed_split
from hairgan.portraits import Hairstyle, Identity, Portrait, draw, portrait, randomized

Style = Literal["plain", "randomized", "mixed", "hard", "mixed_hard"]
"""How people are drawn: `plain` as in EditBench; `randomized` so that networks trained on them work on photographs;
`mixed`, people with even numbers plain and the others randomized; `hard`, randomized with cases in which parsers of
photographs fail; `mixed_hard`, people with odd numbers hard and of the others half plain, half randomized."""


def mixed(seed: int, index: int, size: int) -> Portrait:
    """The plain portrait of an even index, the randomized one of an odd index."""
    return (randomized.portrait if index % 2 else portrait)(seed, index, size)


def mixed_hard(seed: int, index: int, size: int) -> Portrait:
    """The hard portrait of an odd index, the plain one of every fourth, the randomized one of the others."""
    draw_one = randomized.hard_portrait if index % 2 else randomized.portrait if index % 4 else portrait
    return draw_one(seed, index, size)


DRAW: dict[Style, Callable[[int, int, int], Portrait]] = {
    "plain": portrait,
    "randomized": randomized.portrait,
    "mixed": mixed,
    "hard": randomized.hard_portrait,
    "mixed_hard": mixed_hard,
}
"""Seed, index and size to a portrait, for each style."""

VERSIONS: dict[Style, int] = {"plain": 1, "randomized": 4, "hard": 3}
"""Version of each style. Increase it with every change of the pixels, so that portraits packed before are not used."""
VERSIONS["mixed"] = 100 * VERSIONS["plain"] + VERSIONS["randomized"]
VERSIONS["mixed_hard"] = 100 * VERSIONS["mixed"] + VERSIONS["hard"]


@dataclass(frozen=True)
class PortraitItem:
    """Gives the i-th portrait with its attributes, for `hairgan.data.packing.pack`.

    Args:
        seed: which people.
        size: side in pixels.
        style: how they are drawn.
        shared_hair: N for groups of N people, each of whom wears each of the group's N hairstyles: `N * N` portraits;
            None for people of one hairstyle each.

    Raises:
        ValueError: shared hairstyles of another style than `plain`, or fewer than 2.
    """

    seed: int
    size: int
    style: Style = "plain"
    shared_hair: int | None = None

    def __post_init__(self) -> None:
        if self.shared_hair is None:
            return
        if self.style != "plain":
            raise ValueError(f"shared hairstyles are drawn in the plain style only, not in {self.style!r}")
        if self.shared_hair < 2:
            raise ValueError(f"hairstyles are shared by 2 people or more, not by {self.shared_hair}")

    def __call__(self, index: int) -> Item:
        if self.shared_hair is not None:
            return self._with_shared_hair(index, self.shared_hair)
        drawn = DRAW[self.style](self.seed, index, self.size)
        name = f"{index:06d}"
        attributes = {"name": name, "split": hashed_split(f"portrait {name}")} | drawn.attributes
        return Item(drawn.image, drawn.labels, attributes | measure(drawn.labels, attributes))

    def _with_shared_hair(self, index: int, share: int) -> Item:
        """All portraits of a group are in the same split. `group`, `person` and `hairstyle` are attributes."""
        group, within = divmod(index, share * share)
        person, hairstyle = (group * share + number for number in divmod(within, share))
        drawn = draw(Identity.sample(self.seed, person), Hairstyle.sample(self.seed, hairstyle), self.size)
        attributes = {
            "name": f"{index:06d}",
            "split": hashed_split(f"portrait group {group}"),
            "group": group,
            "person": person,
            "hairstyle": hairstyle,
        } | drawn.attributes
        return Item(drawn.image, drawn.labels, attributes | measure(drawn.labels, attributes))
