"""EditBench: hair edits scored against their true result, which procedural portraits know (docs/editbench.md).

A method is a callable from an `EditCase` to the edited picture:

    from hairgan.editbench import BASELINES, run, table

    results = run({**BASELINES, "mine": my_method}, pairs=100, size=256)
    print(table(results))
"""

from hairgan.editbench.baselines import BASELINES
from hairgan.editbench.cases import SEED, TASKS, EditCase, SolvedCase, Truth, cases
from hairgan.editbench.methods import InformedMethod, Method
from hairgan.editbench.report import contact_sheet, table
from hairgan.editbench.scoring import Result, run

__all__ = [
    "BASELINES", "SEED", "TASKS", "EditCase", "InformedMethod", "Method", "Result", "SolvedCase", "Truth", "cases",
    "contact_sheet", "run", "table",
]  # fmt: skip
