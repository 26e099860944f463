"""`hairgan editbench`: score editing methods against the true result of their edits."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.shared_options import bundle_option, trust_option
from hairgan.cli.user_callables import load_callable
from hairgan.editbench import SEED, TASKS
from hairgan.photos.places import check_folder, check_free

if TYPE_CHECKING:
    from hairgan.editbench import InformedMethod, Method
    from hairgan.editbench.salon import SalonMethod
    from hairgan.editing.salon import Salon


@click.command()
@click.option("--method", "methods", multiple=True, metavar="MODULE:CALLABLE", help="A method; may be repeated.")
@bundle_option("--bundle", contents="the networks of the salon that is scored")
@click.option("--device", default="auto", show_default=True, help="Where the bundle's networks run, e.g. cuda.")
@click.option(
    "--truth",
    "stages",
    multiple=True,
    metavar="STAGE",
    help="Also score the salon with the truth in place of one stage's result: source, reference, layout, background, "
    "color or paint; may be repeated.",
)
@click.option("--hair-iou", is_flag=True, help="Also score the hair of the edits, found by the bundle's face parser.")
@click.option("--pairs", default=100, show_default=True, type=click.IntRange(1), help="Cases per task.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(32, 1024), help="Of the pictures, pixels.")
@click.option("--seed", default=SEED, show_default=True, help="Of the cases; published numbers use the default.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for results.json and sheets of pictures.")
@click.option("--overwrite", is_flag=True, help="Replace results that are there already.")
@trust_option
def editbench(
    methods: tuple[str, ...],
    bundle: str,
    device: str,
    stages: tuple[str, ...],
    hair_iou: bool,
    pairs: int,
    size: int,
    seed: int,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Score hair editing methods, the salon and baselines on procedural portraits.

    The salon's rows are `dye`, and with StarGAN v2 in the bundle `restyle preserve` and `restyle seed`.
    """
    if output is not None:
        check_folder(output)
        for name in ("results.json", *(f"{task}.png" for task in TASKS)):
            check_free(output / name, overwrite=overwrite, option="--output")
    from hairgan.editbench import BASELINES, contact_sheet, run, table
    from hairgan.editbench.salon import labels_by
    from hairgan.editbench.truth import check_stages
    from hairgan.editing.salon import Salon
    from hairgan.files import write_text
    from hairgan.pictures import save_picture

    same_for_all: dict[str, Method] = BASELINES | {name: load_callable("--method", name) for name in methods}
    check_stages(stages)
    networks = Salon.from_bundle(bundle, device)
    salon = _salon_methods(networks, stages)
    parser = labels_by(networks.parser) if hair_iou else None
    chosen: dict[str, dict[str, Method | InformedMethod]] = {task: {**same_for_all, **salon[task]} for task in TASKS}
    results = [
        result
        for task in TASKS
        for result in run(chosen[task], pairs=pairs, size=size, seed=seed, tasks=[task], parser=parser)
    ]
    click.echo(table(results))
    for task in TASKS:
        for name, method in salon[task].items():
            if method.refused:
                click.echo(f"{name} refused {method.refused} of {pairs} cases of {task}; their edit is the source")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_text(output / "results.json", json.dumps([asdict(result) for result in results], indent=1))
        for task in TASKS:
            sheet = contact_sheet(chosen[task], task, pairs=min(pairs, 6), size=size, seed=seed)
            save_picture(sheet, output / f"{task}.png")


def _salon_methods(salon: Salon, stages: tuple[str, ...]) -> dict[str, dict[str, SalonMethod]]:
    from hairgan.editbench.salon import salon_methods

    methods = salon_methods(salon, stages)
    if not salon.restyling_modes():
        click.echo("the bundle has no networks for restyling: the salon is scored on dye only", err=True)
    return methods
