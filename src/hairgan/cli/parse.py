"""`hairgan parse`: write the label map of one photo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.shared_options import detector_option, parser_option, trust_option

if TYPE_CHECKING:
    from hairgan.photos.faces import FaceFinder


@click.command(context_settings={"show_default": True})
@click.argument("photo", type=click.Path(path_type=Path))
@parser_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results.  [default: that of the photo]")
@click.option("--aligned", is_flag=True, help="The photo is a CelebA-HQ crop already: look for no face.")
@click.option("--device", default="auto", help="Where the parser runs: a GPU if there is one; cpu, cuda, cuda:1, ...")
@click.option("--overwrite", is_flag=True, help="Replace existing results.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@detector_option
@trust_option
def parse(
    photo: Path,
    source: str,
    out: Path | None,
    aligned: bool,
    device: str,
    overwrite: bool,
    as_json: bool,
    detector: FaceFinder | None,
) -> None:
    """Write PHOTO's label map and an overlay in colours, and print the share of each region.

    NAME_labels.png holds label numbers in the CelebAMask-HQ order (hair is 13), at the size of the photo.
    """
    from hairgan.photos.names import printable
    from hairgan.photos.opening import open_rgb
    from hairgan.photos.places import check_folder, check_free, identities, result_place

    out = out or photo.parent
    files = {
        "labels": result_place(out, photo.stem, "labels", ".png"),
        "overlay": result_place(out, photo.stem, "overlay", ".jpg"),
    }
    check_folder(out)
    for file in files.values():
        check_free(file, identities([photo]), overwrite=overwrite)
    picture = open_rgb(photo)  # every error about files is reported before torch is imported

    from hairgan.devices import choose_device
    from hairgan.labelling.overlay import overlay, region_shares
    from hairgan.photos.face_finders import default_finder
    from hairgan.photos.faces import align_face
    from hairgan.photos.parser import FaceParser
    from hairgan.pictures import save_picture

    parser = FaceParser.load(source, device=choose_device(device))
    finder = None if aligned else detector or default_finder(parser)
    alignment = align_face(picture, finder, parser.size).alignment
    (parsed,) = parser.parse([alignment.crop(picture)])
    labels = alignment.carry_labels(parsed.labels, *picture.shape[:2])
    save_picture(labels, files["labels"])
    picture = overlay(picture, labels)  # replaces the photo, which may be large, in memory
    save_picture(picture, files["overlay"])
    shares = region_shares(labels)
    if as_json:
        answer = {"photo": str(photo), "certainty": parsed.certainty, "shares": shares}
        click.echo(json.dumps(answer | {name: str(path) for name, path in files.items()}))
        return
    for name, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        if share:
            click.echo(f"{name:<11}{100 * share:6.2f} %")
    click.echo(f"wrote {printable(files['labels'])} and {printable(files['overlay'])}")
