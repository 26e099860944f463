"""Two versions of the same pictures side by side, for somebody who is not to know which is which.

    python -m benchmarks.blind_pairs BEFORE AFTER --out pairs      # pages of pairs A and B, and pairs/which.json
    python -m benchmarks.blind_pairs --count answers.json pairs    # answers.json: {"name": "A", "B" or "same"}

BEFORE and AFTER hold pictures of the same names, for example of `benchmarks/edits_to_judge.py` run in two checkouts.
Which of them is A is drawn for each pair. The judge gets the pages, not `which.json`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from hairgan.pictures import sheet

PER_PAGE = 3
WHICH = "which.json"


def write_pairs(before: Path, after: Path, out: Path, per_page: int = PER_PAGE, seed: int = 0) -> dict[str, str]:
    """Write pages of pairs, one above the other, and which of A and B is the one after.

    Raises:
        ValueError: the folders have no picture of the same name.
    """
    names = sorted({path.name for path in before.iterdir()} & {path.name for path in after.iterdir()})
    if not names:
        raise ValueError(f"{before} and {after} have no picture of the same name")
    rng = np.random.default_rng(seed)
    which = {Path(name).stem: "A" if rng.random() < 0.5 else "B" for name in names}
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(names), per_page):
        rows, titles = [], []
        for name in names[first : first + per_page]:
            pair = (after, before) if which[Path(name).stem] == "A" else (before, after)
            for letter, folder in zip("AB", pair, strict=True):
                rows.append([np.asarray(Image.open(folder / name).convert("RGB"))])
                titles.append(f"{Path(name).stem} {letter}")
        page: UInt8[ndarray, "h w 3"] = sheet(rows, row_names=titles, height=rows[0][0].shape[0])
        Image.fromarray(page).save(out / f"page_{first // per_page:03}.png")
    (out / WHICH).write_text(json.dumps(which, indent=1))
    return which


def count(answers: Mapping[str, str], which: Mapping[str, str]) -> dict[str, Counter[str]]:
    """How often the one after, the one before or neither was chosen, by the last word of the pictures' names.

    Raises:
        ValueError: an answer to no pair, or that is not A, B or same.
    """
    counts: dict[str, Counter[str]] = {}
    for name, answer in answers.items():
        if name not in which or answer not in ("A", "B", "same"):
            raise ValueError(f"{name}: {answer} is no answer to a pair; answers are A, B and same")
        said = "same" if answer == "same" else "after" if answer == which[name] else "before"
        counts.setdefault(name.rpartition("_")[2], Counter())[said] += 1
    return counts


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the pages.")
@click.option("--count", "answers", type=click.Path(exists=True, path_type=Path), help="Answers to count.")
@click.option("--per-page", default=PER_PAGE, show_default=True, type=click.IntRange(1))
def main(folders: tuple[Path, ...], out: Path | None, answers: Path | None, per_page: int) -> None:
    """Write pairs of BEFORE and AFTER, or count the answers to PAIRS."""
    if answers is not None:
        if len(folders) != 1 or out is not None:
            raise click.UsageError("to count, name the folder of the pairs and no --out")
        table = count(json.loads(answers.read_text()), json.loads((folders[0] / WHICH).read_text()))
        for kind, said in sorted(table.items()):
            click.echo(f"{kind}: {said['after']} after, {said['before']} before, {said['same']} same")
        total = sum(table.values(), Counter())
        click.echo(f"all: {total['after']} after, {total['before']} before, {total['same']} same")
        return
    if len(folders) != 2 or out is None:
        raise click.UsageError("name the folders BEFORE and AFTER, and --out")
    click.echo(f"{len(write_pairs(*folders, out, per_page))} pairs in {out}; do not show {WHICH}")


if __name__ == "__main__":
    main()
