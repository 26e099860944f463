"""Randomised portraits to look at, with their label maps.

`python -m hairgan.portraits.randomized.contact_sheet /tmp/people.png --first 100`
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.portraits.randomized.render import portrait
from hairgan.regions import colorize


def contact_sheet(
    size: int = 256, seed: int = 0, first: int = 0, rows: int = 3, columns: int = 8, labels: bool = True
) -> UInt8[ndarray, "h w 3"]:
    """Portraits `first` to `first + rows * columns - 1`; with `labels`, each row has its label maps below."""
    lines = []
    for row in range(rows):
        people = [portrait(seed, first + row * columns + column, size) for column in range(columns)]
        lines.append(np.hstack([drawn.image for drawn in people]))
        if labels:
            lines.append(np.hstack([colorize(drawn.labels) for drawn in people]))
    return np.vstack(lines)


@click.command(context_settings={"show_default": True})
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--size", default=256, help="Pixels per portrait.")
@click.option("--seed", default=0)
@click.option("--first", default=0, help="Index of the first portrait.")
@click.option("--rows", default=3)
@click.option("--columns", default=8)
@click.option("--labels/--no-labels", default=True, help="Label maps below the pictures.")
def main(out: Path, size: int, seed: int, first: int, rows: int, columns: int, labels: bool) -> None:
    """Draw randomised people and write the sheet to OUT."""
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet = contact_sheet(size, seed, first, rows, columns, labels)
    if not cv2.imwrite(str(out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise OSError(f"could not write {out}")


if __name__ == "__main__":
    main()
