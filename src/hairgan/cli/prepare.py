"""`hairgan prepare`: from CelebAMask-HQ, or folders of photos, to a packed dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hairgan.data.packed import PackedDataset


@click.command(context_settings={"show_default": True})
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--size", default=256, type=click.IntRange(min=8), help="Edge of the packed images, px.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make.  [default: data/celebamask_hq_SIZE]")
@click.option("--limit", type=click.IntRange(min=1), help="Take only the first LIMIT images.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that read.  [default: one a core]")
def prepare(source: Path, size: int, out: Path | None, limit: int | None, workers: int | None) -> None:
    """Pack SOURCE for training: the CelebAMask-HQ zip or folder, or photos in train/DOMAIN/ and val/DOMAIN/.

    Can be interrupted; the same command continues where it stopped.
    """
    from hairgan.data.celebamask import MAPPING, CelebAMaskHQ
    from hairgan.data.image_folder import ImageFolder
    from hairgan.data.packing import pack
    from hairgan.data.processes import cores

    raw: CelebAMaskHQ | ImageFolder
    raw = ImageFolder.open(source) if (source / "train").is_dir() else CelebAMaskHQ.open(source)
    if out is None:
        name = "celebamask_hq" if isinstance(raw, CelebAMaskHQ) else source.resolve().name
        out = Path("data") / f"{name}_{size}"
    workers = cores() if workers is None else workers
    count = min(len(raw), limit or len(raw))
    labels = isinstance(raw, CelebAMaskHQ)
    try:
        packing = pack(raw.item, count, out, size=size, source=raw.describe(), labels=labels, workers=workers)
    except KeyboardInterrupt:
        click.echo("interrupted: the same command continues where it stopped", err=True)
        raise
    _report(packing.dataset, out)
    if packing.processed:
        rate = packing.processed / packing.seconds
        per_core = rate / max(1, min(workers, cores()))
        click.echo(f"read {packing.processed:,} in {packing.seconds:.0f} s: {per_core:.1f} images/s per core")
    else:
        click.echo("nothing to do: this was packed before")
    if isinstance(raw, CelebAMaskHQ) and raw.orig_idx is None:
        click.echo(
            f"{MAPPING} is missing, so the split is not the official one but by a hash of the names (80/10/10 %)"
        )
    data = "celeba_hq" if labels else "image_folder"
    click.echo(f"next: python train.py model=stargan data={data} data.root={out.absolute()}")


def _report(dataset: PackedDataset, out: Path) -> None:
    """Print what is in the dataset and what is not."""
    from hairgan.data.packed import SPLITS
    from hairgan.domains import Domains

    click.echo(f"{len(dataset):,} images of {dataset.size} px in {out}, fingerprint {dataset.fingerprint}")
    click.echo("splits:  " + ", ".join(f"{split} {len(dataset.split(split)):,}" for split in SPLITS))
    if "domain" in dataset.attributes.columns:
        domains = dict(sorted(dataset.attributes["domain"].value_counts().iter_rows()))
    else:
        domains = Domains.load("hair7").counts(dataset.attributes)
    click.echo("domains: " + ", ".join(f"{name} {number:,}" for name, number in domains.items()))
    skipped = dataset.skipped()
    by_reason: dict[str, list[str]] = {}
    for entry in skipped:
        by_reason.setdefault(entry["reason"], []).append(entry["name"])
    for reason, names in by_reason.items():
        click.echo(f"skipped: {reason} {len(names):,}: {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}")
    if skipped:
        click.echo(f"         all of them, with details: {out / 'skipped.json'}")
