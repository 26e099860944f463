"""`hairgan editbench`: score editing methods against the true result of their edits."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict
from pathlib import Path

import click
from PIL import Image

from hairgan.editbench import BASELINES, SEED, TASKS, Method, contact_sheet, run, table


@click.command()
@click.option("--method", "methods", multiple=True, metavar="MODULE:CALLABLE", help="A method; may be repeated.")
@click.option("--pairs", default=100, show_default=True, type=click.IntRange(1), help="Cases a task.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(32, 1024), help="Of the pictures, pixels.")
@click.option("--seed", default=SEED, show_default=True, help="Of the cases; published numbers use the default.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for results.json and sheets of pictures.")
def editbench(methods: tuple[str, ...], pairs: int, size: int, seed: int, output: Path | None) -> None:
    """Score hair editing methods, and the baselines, on procedural portraits."""
    chosen = BASELINES | {name: _load(name) for name in methods}
    results = run(chosen, pairs=pairs, size=size, seed=seed)
    click.echo(table(results))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "results.json").write_text(json.dumps([asdict(result) for result in results], indent=1))
        for task in TASKS:
            sheet = contact_sheet(chosen, task, pairs=min(pairs, 6), size=size, seed=seed)
            Image.fromarray(sheet).save(output / f"{task}.png")


def _load(name: str) -> Method:
    module, _, attribute = name.partition(":")
    try:
        method: Method = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"--method {name}: {error}; it must be MODULE:CALLABLE") from error
    return method
