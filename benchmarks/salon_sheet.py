"""A sheet to look at: drawn people, dyed and restyled by the networks of a bundle.

    python benchmarks/salon_sheet.py --out salon.jpg                  # with the bundle that ships
    python benchmarks/salon_sheet.py --bundle bundle --people 8 --out salon.jpg

The people are portraits of seed 7919, which no network may be trained on.
"""

from __future__ import annotations

from pathlib import Path

import click
from PIL import Image

from hairgan.editbench import SEED
from hairgan.editing.salon import Salon
from hairgan.pictures import sheet
from hairgan.portraits import portrait

COLORS = ("auburn", "blond", "#2a4d9e")
DOMAINS = ("bang", "long_straight", "long_perm", "bob", "short")
SIZE = 512


@click.command()
@click.option("--bundle", help="Folder of the networks; those that come with hairgan by default.")
@click.option("--people", default=4, show_default=True, type=click.IntRange(1))
@click.option("--height", default=170, show_default=True, help="Pixels of a tile.")
@click.option("--out", required=True, type=click.Path(path_type=Path))
def main(bundle: str | None, people: int, height: int, out: Path) -> None:
    """Draw the sheet."""
    salon = Salon.from_bundle(bundle)
    rows = []
    for number in range(people):
        picture, reference = (portrait(SEED, index, SIZE).image for index in (2 * number, 2 * number + 1))
        photo, other = (salon.parse(image, aligned=True) for image in (picture, reference))
        dyed = [salon.dye(photo, color=color).image for color in COLORS]
        like = salon.restyle(photo, like=other, color_like=other).image
        restyled = [salon.restyle(photo, domain=domain, seed=number).image for domain in DOMAINS]
        rows.append([picture, *dyed, reference, like, *restyled])
    names = ["photo", *(f"dyed {color}" for color in COLORS), "reference", "like the reference", *DOMAINS]
    Image.fromarray(sheet(rows, column_names=names, height=height)).save(out, quality=88)


if __name__ == "__main__":
    main()
