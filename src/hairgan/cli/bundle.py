"""`hairgan bundle`: collect the networks of runs and bundles in one bundle."""

from __future__ import annotations

from pathlib import Path

import click

from hairgan.cli.shared_options import trust_option


@click.command(context_settings={"show_default": True})
@click.argument("sources", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the bundle.")
@click.option("--checkpoint", default="last", help="Of the runs: last, best, or a file.")
@click.option("--license", help="License of the networks trained in these runs.  [default: not stated]")
@click.option("--half", is_flag=True, help="Store float16: half the size.")
@click.option("--average-with", metavar="SOURCE", help="Average the weights with those of a run or bundle.")
@click.option(
    "--own-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the SOURCES' weights in the average.  [default: 0.5]",
)
@click.option("--rest-of", metavar="SOURCE", help="Take the parts that the SOURCES lack from a run or bundle.")
@click.option("--overwrite", is_flag=True, help="Replace an existing bundle.")
@trust_option
def bundle(
    sources: tuple[str, ...],
    out: Path,
    checkpoint: str,
    license: str | None,
    half: bool,
    average_with: str | None,
    own_share: float | None,
    rest_of: str | None,
    overwrite: bool,
) -> None:
    """Collect the networks of SOURCES, run directories and bundles (also on the hub), in one bundle.

    Averaged weights are used where a run has them; discriminators are left out. The bundle is a folder of safetensors
    files and a card in YAML. `hairgan dye`, `restyle`, `label` and `parse` take it, and `hairgan push` uploads it.

    --average-with is for a fine-tuned run and what it started from: networks between them often do better than both.
    --rest-of completes a bundle of which some networks were trained anew. The bundle that comes with hairgan is called
    `shipped` in both.
    """
    if own_share is not None and average_with is None:
        raise click.UsageError("--own-share is for an average: --average-with SOURCE")
    from hairgan.weights.bundles import save_bundle
    from hairgan.weights.collecting import collect, complete_with

    networks, facts = collect(sources, checkpoint, license)
    if average_with is not None:
        from hairgan.weights import averaging

        networks, facts = averaging.average_with(networks, facts, average_with, 0.5 if own_share is None else own_share)
    if rest_of is not None:
        networks, facts = complete_with(networks, facts, rest_of)
    card = save_bundle(out, networks, half=half, overwrite=overwrite, **facts)
    for name, part in card["parts"].items():
        click.echo(f"{name:<18}{part['parameters']:>12,} parameters")
    click.echo(f"wrote {out}")
