"""`hairgan prepare`: pack CelebAMask-HQ, or folders of photos, for training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.suggested_commands import train_command

if TYPE_CHECKING:
    from hairgan.data.packed_dataset import PackedDataset


@click.command(context_settings={"show_default": True})
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--size", default=256, type=click.IntRange(8, 8192), help="Side of the packed images in pixels.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make.  [default: data/celebamask_hq_SIZE]")
@click.option("--limit", type=click.IntRange(min=1), help="Take only the first LIMIT images.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that read.  [default: one per core]")
@click.option(
    "--shards",
    metavar="PLACE",
    help="Also write it as shards for data=streaming: a folder or s3://BUCKET/NAME. SOURCE may be a packed dataset.",
)
@click.option("--verify", is_flag=True, help="Only check the packed dataset or shards: SOURCE if it is one, else OUT.")
def prepare(
    source: Path,
    size: int,
    out: Path | None,
    limit: int | None,
    workers: int | None,
    shards: str | None,
    verify: bool,
) -> None:
    """Pack SOURCE for training: the CelebAMask-HQ zip or folder, or photos in train/DOMAIN/ and val/DOMAIN/.

    Can be interrupted; the same command continues where it stopped. If SOURCE has changed, the same command reads what
    is new. `--verify` compares every byte of a packed dataset with its checksums.
    """
    from hairgan.data.manifest import MANIFEST, SHARDS

    if verify:
        _verify(source if (source / MANIFEST).is_file() else out or _default_out(source, size))
        return
    if (source / SHARDS).is_file():
        raise ValueError(
            f"{source} holds shards already: train with data=streaming data.root={source}, or check them (--verify)"
        )
    if (source / MANIFEST).is_file() and shards is not None:
        _write_shards(source, shards)
        return
    if (source / MANIFEST).is_file():
        raise ValueError(f"{source} is a packed dataset already: train with data.root={source}, or check it (--verify)")

    from hairgan.data.celebamask import CelebAMaskHQ
    from hairgan.data.celebamask.names import MAPPING
    from hairgan.data.processes import cores
    from hairgan.data.sources import open_source, pack_source

    raw = open_source(source)
    out = out or _default_out(source, size)
    workers = cores() if workers is None else workers
    try:
        packing = pack_source(raw, out, size=size, limit=limit, workers=workers)
    except KeyboardInterrupt:
        click.echo("interrupted: the same command continues where it stopped", err=True)
        raise
    _report(packing.dataset, out)
    if raw.left_out:
        click.echo(f"left out: {raw.left_out}")
    if packing.processed:
        rate = packing.processed / packing.seconds
        per_core = rate / max(1, min(workers, cores()))
        click.echo(f"read {packing.processed:,} in {packing.seconds:.0f} s: {per_core:.1f} images/s per core")
    elif packing.changes is None:
        click.echo("nothing to do: this is packed already, and the source has not changed")
    if isinstance(raw, CelebAMaskHQ) and raw.orig_idx is None:
        click.echo(
            f"{MAPPING} is missing: the split is not the official one, but drawn by a hash of the names (80/10/10 %)"
        )
    if shards is not None:
        _write_shards(out, shards)
        return
    click.echo(f"next: {train_command(out, size, has_labels=raw.has_labels)}")


def _default_out(source: Path, size: int) -> Path:
    name = Path(os.path.realpath(source)).name if (source / "train").is_dir() else "celebamask_hq"
    return Path("data") / f"{name}_{size}"


def _write_shards(packed: Path, place: str) -> None:
    """Write a packed dataset as shards, and print what was written and what can be done with it."""
    from hairgan.data.packed_dataset import PackedDataset
    from hairgan.data.sharding import write_shards

    dataset = PackedDataset.open(packed)
    layout = write_shards(dataset, place)
    if layout is None:
        click.echo(f"nothing to do: {place} has the shards of this dataset already")
    else:
        gigabytes = sum(size for size, _ in layout.files.values()) / 1e9
        click.echo(
            f"{len(dataset):,} images of {dataset.size} px in {place}, {layout.per_shard} per shard, "
            f"{gigabytes:.2f} GB, fingerprint {dataset.fingerprint}"
        )
    has_labels = dataset.labels is not None
    click.echo(f"next: {train_command(place, dataset.size, has_labels=has_labels, streamed=True)}")


def _verify(path: Path) -> None:
    """Compare a packed dataset, or its shards in a folder, with their checksums."""
    from hairgan.data.manifest import SHARDS
    from hairgan.data.packed_dataset import PackedDataset
    from hairgan.data.shard_store import Folder
    from hairgan.data.streamed_dataset import StreamedDataset

    is_sharded = (path / SHARDS).is_file()
    dataset = StreamedDataset.open_shards(path, Folder(str(path))) if is_sharded else PackedDataset.open(path)
    dataset.verify()
    click.echo(f"{path}: {len(dataset):,} images of {dataset.size} px, all checksums are correct")


def _report(dataset: PackedDataset, out: Path) -> None:
    """Print the size, splits and domains of a dataset, and what was skipped."""
    from hairgan.data.splits import SPLITS
    from hairgan.domains import Domains

    click.echo(f"{len(dataset):,} images of {dataset.size} px in {out}, fingerprint {dataset.fingerprint}")
    click.echo("splits:  " + ", ".join(f"{split} {len(dataset.split(split)):,}" for split in SPLITS))
    if "domain" in dataset.attributes.columns:
        counts = dict(sorted(dataset.attributes["domain"].value_counts().iter_rows()))
        domains = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    else:
        try:
            counts = Domains.load("hair7").counts(dataset.attributes)
            domains = ", ".join(f"{name} {number:,}" for name, number in counts.items())
        except ValueError as error:  # the source lacks attributes
            domains = f"not those of hair7 ({error})"
    click.echo(f"domains: {domains}")
    if report := dataset.skip_report():
        click.echo(report)
