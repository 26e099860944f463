"""What a run of the benchmark is looked at with: a table, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.cases import SEED, Method, cases
from hairgan.editbench.scoring import Result
from hairgan.pictures import sheet

_DIGITS = {"psnr": 2, "ciede2000": 2}


def table(results: Sequence[Result]) -> str:
    """Results as Markdown, a table per task with a row per method."""
    parts = []
    for task in dict.fromkeys(result.task for result in results):
        rows = [result for result in results if result.task == task]
        first, columns = rows[0], [*rows[0].scores]
        parts += [
            f"**{task}**, {first.pairs} pairs, {first.size} px, seed {first.seed}, pictures {first.fingerprint}",
            "",
            "| method | " + " | ".join(column.replace("_", " ") for column in columns) + " | s a case |",
            "|---" * (len(columns) + 2) + "|",
        ]
        for result in rows:
            cells = [f"{result.scores[c]:.{_DIGITS.get(c.rsplit('_', 1)[-1], 4)}f}" for c in columns]
            parts.append(f"| {result.method} | " + " | ".join(cells) + f" | {result.seconds:.3f} |")
        parts.append("")
    return "\n".join(parts)


def contact_sheet(
    methods: Mapping[str, Method], task: str, *, pairs: int = 6, size: int = 256, seed: int = SEED
) -> UInt8[ndarray, "h w 3"]:
    """A picture with a row per case: source, reference, truth, and each method's edit."""
    rows = []
    for case, truth in cases(task, pairs, size, seed):
        rows.append([case.source, case.reference, truth.image, *(method(case) for method in methods.values())])
    return sheet(rows, column_names=["source", "reference", "truth", *methods])
