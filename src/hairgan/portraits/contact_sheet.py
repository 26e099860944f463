"""The picture people see first: the same people, with hair of each domain.

`python -m hairgan.portraits.contact_sheet docs/images/portraits.jpg`
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

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
    """One row per domain, one column per person, row names on the left.

    Args:
        size: of each portrait in pixels.
        seed: of people and hairstyles.
        people: indices of the people.
    """
    margin = size // 2
    rows, index = [], 0
    for name, belongs in ROWS.items():
        head = np.full((size, margin, 3), 255, dtype=np.uint8)
        for line, word in enumerate(name.split("_")):
            place = (margin // 12, size // 2 + round((line - name.count("_") / 2 + 0.3) * 0.11 * size))
            cv2.putText(head, word, place, cv2.FONT_HERSHEY_SIMPLEX, 0.0031 * size, (40, 40, 44), 1, cv2.LINE_AA)
        row = [head]
        for person in people:
            while not belongs(style := Hairstyle.sample(seed, index)):
                index += 1
            index += 1
            row.append(draw(Identity.sample(seed, person), style, size).image)
        rows.append(np.hstack(row))
    return np.vstack(rows)


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--size", default=192, show_default=True, help="Pixels a portrait.")
@click.option("--seed", default=0, show_default=True)
def main(out: Path, size: int, seed: int) -> None:
    """Draw people in the seven hair domains and write the sheet to OUT."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(out), cv2.cvtColor(contact_sheet(size, seed), cv2.COLOR_RGB2BGR)):
        raise OSError(f"could not write {out}")


if __name__ == "__main__":
    main()
