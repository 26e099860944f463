"""Results of the benchmark as a table, and edits as a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.drawn_cases import cases
from hairgan.editbench.dye_kinds import DYE_KINDS
from hairgan.editbench.methods import InformedMethod, Method, apply
from hairgan.editbench.scoring import Result
from hairgan.editbench.tasks import SEED
from hairgan.pictures import sheet
from hairgan.text_tables import markdown_table


def table(results: Sequence[Result]) -> str:
    """Results as Markdown: a table per task with a row per method, and one of the dyes by their kind."""
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
        if first.kinds:
            parts += [_by_kind(rows), ""]
    return "\n".join(parts)


def _by_kind(rows: Sequence[Result]) -> str:
    """The errors inside the hair, by kind of dye."""
    kinds = [kind for kind in DYE_KINDS if kind in rows[0].kinds]
    shown = [score for score in rows[0].scores if score in ("hair_rmse", "hair_ciede2000")]
    names = [
        f"{kind} ({rows[0].kinds[kind]['cases']:.0f}): {score.replace('_', ' ')}" for kind in kinds for score in shown
    ]
    cells = [
        [row.method, *(f"{row.kinds[kind][score]:.{_digits(score)}f}" for kind in kinds for score in shown)]
        for row in rows
    ]
    return markdown_table(["method", *names], cells)


def contact_sheet(
    methods: Mapping[str, Method | InformedMethod], task: str, *, pairs: int = 6, size: int = 256, seed: int = SEED
) -> UInt8[ndarray, "h w 3"]:
    """A picture with a row per case: source, reference, truth, and each method's edit."""
    rows = []
    for solved in cases(task, pairs, size, seed):
        edits = [apply(name, method, solved) for name, method in methods.items()]
        rows.append([solved.case.source, solved.case.reference, solved.truth.image, *edits])
    return sheet(rows, column_names=["source", "reference", "truth", *methods])


def _digits(score: str) -> int:
    return 2 if score.endswith(("psnr", "ciede2000")) else 4
