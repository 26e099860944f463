"""`hairgan bundle`: networks of runs and other bundles as one bundle."""

from __future__ import annotations

from pathlib import Path

import click

from hairgan.cli.shared_options import trust_option


@click.command(context_settings={"show_default": True})
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the bundle.")
@click.option("--checkpoint", default="last", help="Of the runs: last, best, or a file.")
@click.option("--licence", help="Of the networks trained in these runs.  [default: not stated]")
@click.option("--half", is_flag=True, help="Half precision (float16): half the size.")
@click.option("--overwrite", is_flag=True, help="Replace a bundle that is there.")
@trust_option
def bundle(
    sources: tuple[Path, ...], out: Path, checkpoint: str, licence: str | None, half: bool, overwrite: bool
) -> None:
    """Collect the networks of SOURCES, run directories and bundles, in one bundle.

    Averaged weights are taken where a run has them; discriminators stay behind. The bundle is a folder of safetensors
    files with a card in YAML, which `hairgan dye`, `restyle`, `label` and `parse` take, and which can be put on a hub.
    """
    from hairgan.weights.bundles import save_bundle
    from hairgan.weights.collecting import collect

    networks, facts = collect(sources, checkpoint, licence)
    card = save_bundle(out, networks, half=half, overwrite=overwrite, **facts)
    for name, part in card["parts"].items():
        click.echo(f"{name:<18}{part['parameters']:>12,} parameters")
    click.echo(f"wrote {out}")
