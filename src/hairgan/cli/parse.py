"""`hairgan parse`: what the face parser sees in one photo."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(context_settings={"show_default": True})
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--parser", "bundle", required=True, help="Bundle (folder or hub name) with a face parser in it.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results.  [default: that of the photo]")
@click.option("--aligned", is_flag=True, help="The photo is a CelebA-HQ crop already: do not look for a face.")
@click.option("--device", default="cpu", help="Where the parser runs, e.g. cuda.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def parse(photo: Path, bundle: str, out: Path | None, aligned: bool, device: str, as_json: bool) -> None:
    """Write PHOTO's label map and a colour overlay, and print the share of each region.

    NAME_labels.png holds label numbers in the CelebAMask-HQ order (hair is 13), at the size of the photo.
    """
    from PIL import Image

    from hairgan.labelling.bundles import face_finder, load_parser
    from hairgan.labelling.overlay import overlay, region_shares
    from hairgan.labelling.parsing import labels_in_photo, open_crop, parse_crops
    from hairgan.photos.opening import open_rgb

    parser = load_parser(bundle, device)
    crop = open_crop(photo, None if aligned else face_finder(parser), parser.image_size)
    maps, certainties = parse_crops(parser, [crop.pixels])
    labels = labels_in_photo(crop, maps[0])
    out = out or photo.parent
    out.mkdir(parents=True, exist_ok=True)
    files = {"labels": out / f"{photo.stem}_labels.png", "overlay": out / f"{photo.stem}_overlay.jpg"}
    Image.fromarray(labels).save(files["labels"])
    Image.fromarray(overlay(open_rgb(photo), labels)).save(files["overlay"])
    shares = region_shares(labels)
    if as_json:
        answer = {"photo": str(photo), "certainty": float(certainties[0]), "shares": shares}
        click.echo(json.dumps(answer | {name: str(path) for name, path in files.items()}))
        return
    for name, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        if share:
            click.echo(f"{name:<11}{100 * share:6.2f} %")
    click.echo(f"wrote {files['labels']} and {files['overlay']}")
