"""Quality of a face parser on aligned photographs: overlays to look at, and IoU for photos with true label maps.

    python benchmarks/parser_on_photos.py outputs/salon_parser/DATE photos --out /tmp/overlays

PHOTOS is a folder of CelebA-HQ crops, with subfolders. NAME.png beside NAME.jpg is the true label map of the photo
(region numbers, any size), as in the samples of CelebAMask-HQ's repository. Hair IoU is printed for each such photo,
and IoU for each region over all of them, at the parser's own size. OUT gets sheets of photos beside their overlays,
numbered in the order of the printed list, to count failures by kind.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import click
import cv2
import torch
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.labelling.overlay import overlay
from hairgan.metrics.segmentation import ParsingScores
from hairgan.photos.faces import align_face
from hairgan.photos.listing import list_photos
from hairgan.photos.network_images import resize_picture
from hairgan.photos.opening import open_rgb
from hairgan.photos.parser import FaceParser
from hairgan.pictures import save_picture, sheet
from hairgan.regions import REGION_NAMES, Region

COLUMNS, ROWS, SIDE = 4, 4, 192


def true_labels(photo: Path, size: int) -> UInt8[ndarray, "s s"] | None:
    """The label map beside a photo, resized to `size`; None if there is none."""
    path = photo.with_suffix(".png")
    if photo.suffix == ".png" or not path.is_file():
        return None
    labels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST)  # type: ignore[arg-type, return-value]


def write_sheets(out: Path, pairs: list[tuple[UInt8[ndarray, "s s 3"], UInt8[ndarray, "s s 3"]]]) -> None:
    """`ROWS` x `COLUMNS` photos per file, each beside its overlay, which bears the photo's number."""
    for number, (_, overlaid) in enumerate(pairs):
        cv2.putText(overlaid, str(number), (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 0, 255), 2, cv2.LINE_AA)
    per_sheet = COLUMNS * ROWS
    for first in range(0, len(pairs), per_sheet):
        chosen = pairs[first : first + per_sheet]
        rows = [[*itertools.chain(*chosen[at : at + COLUMNS])] for at in range(0, len(chosen), COLUMNS)]
        save_picture(sheet(rows), out / f"overlays_{first // per_sheet}.jpg")


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--checkpoint", default="last", show_default=True, help="Of a run: last, best, or a file.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the sheets.")
@click.option("--batch-size", default=8, show_default=True)
def main(source: Path, photos: Path, checkpoint: str, out: Path | None, batch_size: int) -> None:
    """Parse PHOTOS with the face parser of SOURCE, a run directory, a bundle or a published file."""
    parser = FaceParser.load(source, checkpoint)
    paths = list_photos(photos).paths()
    paths = [p for p in paths if p.suffix != ".png" or not any(p.with_suffix(s) in paths for s in (".jpg", ".jpeg"))]
    scores, pairs, measured = ParsingScores(), [], 0
    for first in range(0, len(paths), batch_size):
        chosen = paths[first : first + batch_size]
        opened = [open_rgb(path) for path in chosen]
        crops = [align_face(photo, None, parser.size).alignment.crop(photo) for photo in opened]
        for path, crop, parsed in zip(chosen, crops, parser.parse(crops), strict=True):
            labels = parsed.labels
            line = f"{len(pairs):4d} {path.relative_to(photos)}: hair {(labels == Region.HAIR).mean():.3f}"
            truth = true_labels(path, parser.size)
            if truth is not None:
                wanted, found = truth == Region.HAIR, labels == Region.HAIR
                line += f", IoU {(wanted & found).sum() / max((wanted | found).sum(), 1):.3f}"
                scores.update(torch.from_numpy(labels)[None].long(), torch.from_numpy(truth)[None].long())
                measured += 1
            click.echo(line)
            pairs.append((resize_picture(crop, SIDE), resize_picture(overlay(crop, labels), SIDE)))
    if measured:
        values = {name: float(value) for name, value in scores.compute().items()}
        click.echo(f"{measured} photos with label maps: " + ", ".join(
            f"{name} {values[name]:.3f}" for name in ("hair_iou", "mean_iou", "pixel_accuracy")))  # fmt: skip
        click.echo("IoU: " + ", ".join(f"{name} {values[f'iou/{name}']:.3f}" for name in REGION_NAMES))
    if out:
        write_sheets(out, pairs)
        click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
