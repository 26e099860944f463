"""`hairgan label`: make a dataset to train on from a folder of photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.finite_number import FiniteNumber
from hairgan.cli.shared_options import detector_option, parser_option, trust_option
from hairgan.cli.suggested_commands import train_command
from hairgan.photos.names import printable

if TYPE_CHECKING:
    from hairgan.labelling.results import Labelled
    from hairgan.photos.faces import FaceFinder


@click.command(context_settings={"show_default": True})
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@parser_option
@click.option(
    "--classifier", help="Run directory or bundle with a hair classifier; without it, colour and texture are unknown."
)
@click.option("--domains", default="hair7", help="Set of domains (conf/data/domains/NAME.yaml), or such a file.")
@click.option("--aligned", is_flag=True, help="The photos are CelebA-HQ crops already: look for no faces.")
@click.option("--size", default=256, type=click.IntRange(min=8), help="Side of the packed images in pixels.")
@click.option(
    "--min-confidence",
    default=0.6,
    type=FiniteNumber(0, 1),
    help="Answers of the classifier below this probability count as unknown.",
)
@click.option("--batch-size", default=8, type=click.IntRange(min=1), help="Crops per batch.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads that read and write.  [default: one per core]")
@click.option("--device", default="auto", help="Where the networks run: a GPU if there is one; cpu, cuda, cuda:1, ...")
@detector_option
@trust_option
def label(
    folder: Path,
    out: Path,
    source: str,
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

    Can be interrupted; the same command continues where it stopped. Before training on the result, look at
    OUT/attributes.csv (doubtful photos first) and OUT/sheets.
    """
    from hairgan.labelling.journal import photos_to_label

    listing = photos_to_label(folder, out)  # every error about folders is reported before torch is imported
    if listing.skipped:
        click.echo(f"left out: {listing.remark()}")

    from hairgan.data.processes import cores
    from hairgan.devices import choose_device
    from hairgan.domains import Domains
    from hairgan.labelling.folder import label_folder
    from hairgan.photos.classifier import HairAttributeClassifier
    from hairgan.photos.face_finders import default_finder
    from hairgan.photos.parser import FaceParser

    chosen = Domains.from_yaml(domains) if domains.endswith((".yaml", ".yml")) else Domains.load(domains)
    where = choose_device(device)
    parser = FaceParser.load(source, device=where)
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
    _report(labelled, out, chosen.counts(labelled.dataset.attributes))
    click.echo(f"next: {train_command(out / 'packed', size, has_labels=True)}")


def _report(labelled: Labelled, out: Path, counts: dict[str, int]) -> None:
    """Print what was labelled, which domains there are, and which photos were skipped or have changed."""
    doubtful = labelled.table.filter(labelled.table["doubts"] != "").height
    click.echo(f"{labelled.table.height:,} photos labelled, {doubtful:,} of them doubtful: {out / 'attributes.csv'}")
    click.echo("domains: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    for line in labelled.skipped[:5]:
        click.echo(f"skipped: {printable(line['reason'])}")
    if labelled.skipped:
        click.echo(f"skipped: {len(labelled.skipped):,} in all: {out / 'skipped.csv'}")
    if labelled.changed:
        names, count = ", ".join(map(printable, labelled.changed[:3])), len(labelled.changed)
        click.echo(
            f"changed since they were labelled: {names} ({count:,} in all); to label them again, choose another folder",
            err=True,
        )
