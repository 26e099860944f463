"""Edits for people to judge: each as one picture, the photo beside it.

    python -m benchmarks.edits_to_judge --out edits                      # drawn people, restyled
    python -m benchmarks.edits_to_judge --photos PHOTOS --out edits        # photographs, dyed and restyled
    python -m benchmarks.blind_pairs edits_before edits --out pairs        # two versions side by side (blind_pairs.py)

The drawn people are portraits of seed 7919, which no network may be trained on: 8 people, 7 domains and 2 references.
Photographs are aligned ones; they are taken in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from benchmarks.salon_sheet import ALL_DOMAINS, COLORS, SIZE
from hairgan.editbench import SEED
from hairgan.editing.salon import Salon
from hairgan.photos.listing import list_photos
from hairgan.photos.opening import open_rgb
from hairgan.pictures import sheet
from hairgan.portraits import portrait

HEIGHT = 512
"""Height in pixels of a picture in the results."""

Edits = Iterator[tuple[str, list[UInt8[ndarray, "h w 3"]]]]


def of_drawn_people(salon: Salon, people: int) -> Edits:
    """Names of edits, and pictures beside each other: the person, the reference if there is one, the edit."""
    for number in range(people):
        picture = portrait(SEED, 2 * number, SIZE).image
        photo = salon.parse(picture, aligned=True)
        for count, other in enumerate((2 * number + 1, 2 * number + 3)):
            reference = portrait(SEED, other, SIZE).image
            like = salon.parse(reference, aligned=True)
            edit = salon.restyle(photo, like=like, color_like=like)
            yield f"drawn_{number}_like_{count}", [picture, reference, edit.image]
        for domain in ALL_DOMAINS:
            yield f"drawn_{number}_{domain}", [picture, salon.restyle(photo, domain=domain, seed=number).image]


def of_photos(salon: Salon, folder: Path, photos: int) -> Edits:
    """The same of photographs: dyed in three colors and like the next photo, and in each domain."""
    paths = list_photos(folder).paths()[:photos]
    parsed = [salon.parse(open_rgb(path), aligned=True) for path in paths]
    for number, (path, photo) in enumerate(zip(paths, parsed, strict=True)):
        picture, other = photo.photo, parsed[(number + 1) % len(parsed)]
        for color in COLORS:
            yield f"photo_{path.stem}_dye_{color.strip('#')}", [picture, salon.dye(photo, color=color).image]
        yield f"photo_{path.stem}_dye_like", [picture, other.photo, salon.dye(photo, like=other).image]
        for domain in ALL_DOMAINS:
            yield f"photo_{path.stem}_restyle_{domain}", [picture, salon.restyle(photo, domain=domain).image]


@click.command()
@click.option("--bundle", help="Folder of the networks; those that come with hairgan by default.")
@click.option("--people", default=8, show_default=True, type=click.IntRange(1))
@click.option(
    "--photos", type=click.Path(exists=True, path_type=Path), help="Folder of photographs, instead of people."
)
@click.option("--first", default=20, show_default=True, help="How many of the photographs.")
@click.option("--out", required=True, type=click.Path(path_type=Path))
def main(bundle: str | None, people: int, photos: Path | None, first: int, out: Path) -> None:
    """Write a picture of each edit."""
    salon = Salon.from_bundle(bundle)
    out.mkdir(parents=True, exist_ok=True)
    for name, pictures in of_drawn_people(salon, people) if photos is None else of_photos(salon, photos, first):
        Image.fromarray(sheet([pictures], height=HEIGHT)).save(out / f"{name}.png")
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
