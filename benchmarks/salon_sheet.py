"""A sheet to look at: drawn people, dyed and restyled by the networks of a bundle.

    python benchmarks/salon_sheet.py --out salon.jpg                  # with the bundle that ships
    python benchmarks/salon_sheet.py --people 8 --full --out sheet.jpg  # all seven domains and two references, to judge
    python benchmarks/salon_sheet.py --bundle bundle --out salon.jpg

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
ALL_DOMAINS = ("bang", "no_bang", "long_straight", "long_perm", "bob", "short", "blond")
SIZE = 512


@click.command()
@click.option("--bundle", help="Folder of the networks; those that come with hairgan by default.")
@click.option("--people", default=4, show_default=True, type=click.IntRange(1))
@click.option("--full", is_flag=True, help="All seven domains and two references instead of five and one.")
@click.option("--height", default=170, show_default=True, help="Pixels of a tile.")
@click.option("--out", required=True, type=click.Path(path_type=Path))
def main(bundle: str | None, people: int, full: bool, height: int, out: Path) -> None:
    """Draw the sheet."""
    salon = Salon.from_bundle(bundle)
    domains, references = (ALL_DOMAINS, 2) if full else (DOMAINS, 1)
    rows = []
    for number in range(people):
        picture = portrait(SEED, 2 * number, SIZE).image
        photo = salon.parse(picture, aligned=True)
        row = [picture, *(salon.dye(photo, color=color).image for color in COLORS)]
        for other in range(2 * number + 1, 2 * number + 1 + 2 * references, 2):
            reference = portrait(SEED, other, SIZE).image
            like = salon.parse(reference, aligned=True)
            row += [reference, salon.restyle(photo, like=like, color_like=like).image]
        rows.append(row + [salon.restyle(photo, domain=domain, seed=number).image for domain in domains])
    names = [
        "photo",
        *(f"dyed {color}" for color in COLORS),
        *(["reference", "like the reference"] * references),
        *domains,
    ]
    Image.fromarray(sheet(rows, column_names=names, height=height)).save(out, quality=88)


if __name__ == "__main__":
    main()
