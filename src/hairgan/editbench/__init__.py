"""EditBench: hair edits scored against their true result, which procedural portraits know (docs/editbench.md).

A method is a callable from an `EditCase` to the edited picture:

    from hairgan.editbench import BASELINES, run, table

    results = run({**BASELINES, "mine": my_method}, pairs=100, size=256)
    print(table(results))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.editbench.baselines import BASELINES
    from hairgan.editbench.drawn_cases import EditCase, SolvedCase, Truth, cases
    from hairgan.editbench.methods import InformedMethod, Method
    from hairgan.editbench.report import contact_sheet, table
    from hairgan.editbench.scoring import Result, run
    from hairgan.editbench.tasks import SEED, TASKS
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "BASELINES": "baselines:BASELINES",
            "SEED": "tasks:SEED",
            "TASKS": "tasks:TASKS",
            "EditCase": "drawn_cases:EditCase",
            "InformedMethod": "methods:InformedMethod",
            "Method": "methods:Method",
            "Result": "scoring:Result",
            "SolvedCase": "drawn_cases:SolvedCase",
            "Truth": "drawn_cases:Truth",
            "cases": "drawn_cases:cases",
            "contact_sheet": "report:contact_sheet",
            "run": "scoring:run",
            "table": "report:table",
        },
    )

__all__ = [
    "BASELINES",
    "SEED",
    "TASKS",
    "EditCase",
    "InformedMethod",
    "Method",
    "Result",
    "SolvedCase",
    "Truth",
    "cases",
    "contact_sheet",
    "run",
    "table",
]
