"""What a run of the benchmark is looked at with: a table, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.cases import SEED, Method, cases
from hairgan.editbench.scoring import Result
from hairgan.pictures import sheet
from hairgan.text_tables import markdown_table


def table(results: Sequence[Result]) -> str:
    """Results as Markdown, a table per task with a row per method."""
    parts = []
    for task in dict.fromkeys(result.task for result in results):
        rows = [result for result in results if result.task == task]
        first, columns = rows[0], [*rows[0].scores]
        cells = [
            [result.method, *(f"{result.scores[c]:.{_digits(c)}f}" for c in columns), f"{result.seconds:.3f}"]
            for result in rows
        ]
        names = ["method", *(column.replace("_", " ") for column in columns), "s per case"]
        parts += [
            f"**{task}**, {first.pairs} pairs, {first.size} px, seed {first.seed}, pictures {first.fingerprint}",
            "",
            markdown_table(names, cells),
            "",
        ]
    return "\n".join(parts)


def contact_sheet(
    methods: Mapping[str, Method], task: str, *, pairs: int = 6, size: int = 256, seed: int = SEED
) -> UInt8[ndarray, "h w 3"]:
    """A picture with a row per case: source, reference, truth, and each method's edit."""
    rows = []
    for case, truth in cases(task, pairs, size, seed):
        rows.append([case.source, case.reference, truth.image, *(method(case) for method in methods.values())])
    return sheet(rows, column_names=["source", "reference", "truth", *methods])


def _digits(score: str) -> int:
    return 2 if score.endswith(("psnr", "ciede2000")) else 4
