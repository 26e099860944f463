"""Randomized portraits to look at, with their label maps.

`python -m hairgan.portraits.randomized.contact_sheet /tmp/people.png --first 100`
"""

from __future__ import annotations

from pathlib import Path

import click
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.pictures import save_picture, sheet
from hairgan.portraits.randomized.render import hard_portrait, portrait
from hairgan.regions import colorize


def contact_sheet(
    size: int = 256,
    seed: int = 0,
    first: int = 0,
    rows: int = 3,
    columns: int = 8,
    labels: bool = True,
    hard: bool = False,
) -> UInt8[ndarray, "h w 3"]:
    """Portraits `first` to `first + rows * columns - 1`; with `labels`, each row has its label maps below."""
    pictures: list[list[UInt8[ndarray, "s s 3"]]] = []
    for row in range(rows):
        people = [
            (hard_portrait if hard else portrait)(seed, first + row * columns + column, size)
            for column in range(columns)
        ]
        pictures.append([drawn.image for drawn in people])
        if labels:
            pictures.append([colorize(drawn.labels) for drawn in people])
    return sheet(pictures)


@click.command(context_settings={"show_default": True})
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--size", default=256, help="Pixels per portrait.")
@click.option("--seed", default=0)
@click.option("--first", default=0, help="Index of the first portrait.")
@click.option("--rows", default=3)
@click.option("--columns", default=8)
@click.option("--hard", is_flag=True, help="With the cases in which parsers of photographs fail.")
@click.option("--labels/--no-labels", default=True, help="Label maps below the pictures.")
def main(out: Path, size: int, seed: int, first: int, rows: int, columns: int, hard: bool, labels: bool) -> None:
    """Draw randomized people and write the sheet to OUT."""
    save_picture(contact_sheet(size, seed, first, rows, columns, labels, hard), out)


if __name__ == "__main__":
    main()
