"""The picture of the README: the same people, with hair of each domain.

`python -m hairgan.portraits.contact_sheet docs/images/portraits.jpg`
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.pictures import save_picture, sheet
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Identity
from hairgan.portraits.render import draw

ROWS: dict[str, Callable[[Hairstyle], bool]] = {
    "bang": lambda style: style.bangs != "none",
    "no_bang": lambda style: style.bangs == "none",
    "long_straight": lambda style: style.length == "long" and style.texture == "straight",
    "long_perm": lambda style: style.length == "long" and style.texture == "perm",
    "bob": lambda style: style.length == "bob",
    "short": lambda style: style.length == "short",
    "blond": lambda style: style.color_name == "blond",
}
PEOPLE = (15, 34, 40, 12, 4, 43)


def contact_sheet(size: int = 192, seed: int = 0, people: tuple[int, ...] = PEOPLE) -> UInt8[ndarray, "h w 3"]:
    """A row per domain, a column per person, the domains' names on the left.

    Args:
        size: of each portrait in pixels.
        seed: of people and hairstyles.
        people: indices of the people.
    """
    rows: list[list[UInt8[ndarray, "s s 3"]]] = []
    index = 0
    for belongs in ROWS.values():
        rows.append([])
        for person in people:
            while not belongs(style := Hairstyle.sample(seed, index)):
                index += 1
            index += 1
            rows[-1].append(draw(Identity.sample(seed, person), style, size).image)
    return sheet(rows, [*ROWS])


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--size", default=192, show_default=True, help="Pixels per portrait.")
@click.option("--seed", default=0, show_default=True)
def main(out: Path, size: int, seed: int) -> None:
    """Draw people in the seven hair domains and write the sheet to OUT."""
    save_picture(contact_sheet(size, seed), out)


if __name__ == "__main__":
    main()
