"""`hairgan editbench`: score editing methods against the true result of their edits."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from hairgan.cli.shared_options import trust_option
from hairgan.cli.user_callables import load_callable
from hairgan.editbench import BASELINES, SEED, TASKS, Method, contact_sheet, run, table
from hairgan.files import write_text
from hairgan.photos.places import check_folder, check_free
from hairgan.pictures import save_picture


@click.command()
@click.option("--method", "methods", multiple=True, metavar="MODULE:CALLABLE", help="A method; may be repeated.")
@click.option("--bundle", help="Folder or hub name: score the salon of these networks too.")
@click.option("--device", default="auto", show_default=True, help="Where the bundle's networks run, e.g. cuda.")
@click.option("--pairs", default=100, show_default=True, type=click.IntRange(1), help="Cases a task.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(32, 1024), help="Of the pictures, pixels.")
@click.option("--seed", default=SEED, show_default=True, help="Of the cases; published numbers use the default.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for results.json and sheets of pictures.")
@click.option("--overwrite", is_flag=True, help="Replace results that are there already.")
@trust_option
def editbench(
    methods: tuple[str, ...],
    bundle: str | None,
    device: str,
    pairs: int,
    size: int,
    seed: int,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Score hair editing methods, and the baselines, on procedural portraits.

    With `--bundle` the table has the salon's rows: `dye`, `restyle preserve` and `restyle seed`.
    """
    if output is not None:
        check_folder(output)
        for name in ("results.json", *(f"{task}.png" for task in TASKS)):
            check_free(output / name, overwrite=overwrite, option="--output")
    if bundle is None and device != "auto":
        raise ValueError("--device is where the networks of a bundle run: give --bundle as well")
    everywhere = BASELINES | {name: load_callable("--method", name) for name in methods}
    salon = _salon(bundle, device) if bundle else {}
    chosen = {task: everywhere | salon.get(task, {}) for task in TASKS}
    results = [
        result for task in TASKS for result in run(chosen[task], pairs=pairs, size=size, seed=seed, tasks=[task])
    ]
    click.echo(table(results))
    for task, named in salon.items():
        for name, method in named.items():
            if refused := getattr(method, "refused", 0):
                click.echo(f"{name} refused {refused} of {pairs} cases of {task}; they are scored as left alone")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_text(output / "results.json", json.dumps([asdict(result) for result in results], indent=1))
        for task in TASKS:
            sheet = contact_sheet(chosen[task], task, pairs=min(pairs, 6), size=size, seed=seed)
            save_picture(sheet, output / f"{task}.png")


def _salon(bundle: str, device: str) -> dict[str, dict[str, Method]]:
    from hairgan.editbench.salon import salon_methods
    from hairgan.editing.salon import Salon

    return {task: {**methods} for task, methods in salon_methods(Salon.from_bundle(bundle, device)).items()}
