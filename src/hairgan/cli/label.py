"""`hairgan label`: from a folder of photos to a dataset to train on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.bundles import bundle_option
from hairgan.cli.next_command import training
from hairgan.cli.numbers import Number
from hairgan.cli.own_code import detector_option
from hairgan.cli.trust import trust_option

if TYPE_CHECKING:
    from hairgan.photos.faces import FaceFinder


@click.command(context_settings={"show_default": True})
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@bundle_option("--parser", "bundle", contents="a face parser")
@click.option("--classifier", help="Bundle with a hair classifier; without it, colour and texture stay unknown.")
@click.option("--domains", default="hair7", help="Set of domains (conf/data/domains/NAME.yaml), or a file like those.")
@click.option("--aligned", is_flag=True, help="The photos are CelebA-HQ crops already: do not look for faces.")
@click.option("--size", default=256, type=click.IntRange(min=8), help="Edge of the packed images, px.")
@click.option("--min-confidence", default=0.6, type=Number(0, 1), help="Less sure answers are unknown.")
@click.option("--batch-size", default=8, type=click.IntRange(min=1), help="Crops parsed together.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads that read and write.  [default: one per core]")
@click.option("--device", default="auto", help="Where the networks run: a GPU if there is one; cpu, cuda, cuda:1, ...")
@detector_option
@trust_option
def label(
    folder: Path,
    out: Path,
    bundle: str,
    classifier: str | None,
    domains: str,
    aligned: bool,
    size: int,
    min_confidence: float,
    batch_size: int,
    workers: int | None,
    device: str,
    detector: FaceFinder | None,
) -> None:
    """Parse, measure and classify all photos in FOLDER, and pack them for training.

    Can be interrupted; the same command continues where it stopped. Look at OUT/attributes.csv (doubtful photos first)
    and OUT/sheets before training on the result.
    """
    from hairgan.labelling.journal import photos_to_label
    from hairgan.photos.names import printable

    listing = photos_to_label(folder, out)  # what is wrong with folders is told before torch is imported
    if listing.skipped:
        click.echo(f"left out: {listing.remark()}")

    from hairgan.data.processes import cores
    from hairgan.devices import choose_device
    from hairgan.domains import Domains
    from hairgan.labelling.folder import label_folder
    from hairgan.photos.classifier import HairAttributeClassifier
    from hairgan.photos.faces import default_finder
    from hairgan.photos.parser import FaceParser

    chosen = Domains.from_yaml(domains) if domains.endswith((".yaml", ".yml")) else Domains.load(domains)
    where = choose_device(device)
    parser = FaceParser.load(bundle, device=where)
    labelled = label_folder(
        folder,
        out,
        parser=parser,
        classifier=HairAttributeClassifier.load(classifier, device=where) if classifier else None,
        finder=None if aligned else detector or default_finder(parser),
        domains=chosen,
        min_confidence=min_confidence,
        pack_size=size,
        batch_size=batch_size,
        workers=workers or cores(),
    )
    doubtful = labelled.table.filter(labelled.table["doubts"] != "").height
    click.echo(f"{labelled.table.height:,} photos labelled, {doubtful:,} of them doubtful: {out / 'attributes.csv'}")
    counts = chosen.counts(labelled.dataset.attributes)
    click.echo("domains: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    for line in labelled.skipped[:5]:
        click.echo(f"skipped: {printable(line['reason'])}")
    if labelled.skipped:
        click.echo(f"skipped: {len(labelled.skipped):,} in all: {out / 'skipped.csv'}")
    if labelled.changed:
        names = ", ".join(printable(name) for name in labelled.changed[:3])
        many = len(labelled.changed)
        click.echo(
            f"changed since they were labelled: {names} ({many:,} in all); label anew into another folder", err=True
        )
    click.echo(f"next: {training(out / 'packed', size, has_labels=True)}")
