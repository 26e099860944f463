"""The cost of the work on one image, as values and a table of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from hairgan.evaluation.result import Evaluation, Table
from hairgan.metrics.cost import measure_cost


def add_cost(
    result: Evaluation, work: Callable[[], Any], networks: Sequence[nn.Module], device: torch.device | str, note: str
) -> None:
    """Measure and add `cost/million_parameters`, `cost/giga_multiply_adds` and `cost/seconds_per_image`.

    With several processes each measures, and each reports its own seconds.

    Args:
        work: runs the networks on one image.
        note: what the work is, for the report.
    """
    cost = asdict(measure_cost(work, networks, device))
    result.values |= {f"cost/{name}": value for name, value in cost.items()}
    result.headline += tuple(f"cost/{name}" for name in cost)
    result.tables.append(Table("Cost", [*cost], [("one image", [*cost.values()])], note=note))
