"""Metrics of the user's own: classes that a config names, beside the metrics of `hairgan.metrics.registry`.

Such a class is a torchmetrics `Metric` that is made without arguments. Its `update` takes a batch of
`hairgan.evaluation.outputs`, its `compute` returns its values by name, and it has two attributes: `families`, and
`definitions` of its values. The simplest is a `MeanOverImages` (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torchmetrics import Metric

from hairgan.evaluation.outputs import OUTPUTS
from hairgan.evaluation.result import Evaluation, Table
from hairgan.metrics.definitions import Definition, add_definitions
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.registry import class_of, known_metrics
from hairgan.weights.trusted import locate


def own_metric(name: str, family: str) -> Any:
    """The class of a metric of the user's own, a torchmetrics `Metric`, after its values were defined.

    Args:
        name: `module.Class`, or the name of an entry point in the group `hairgan.metrics`.

    Raises:
        ValueError: there is no such class, it is not such a metric, or does not measure the family.
    """
    target = class_of(name)
    if target is None:
        raise ValueError(f"there is no metric '{name}' for {family}; known are {known_metrics(family)}")
    try:
        cls = locate(target)
    except ValueError as error:
        raise ValueError(f"the metric '{name}': {error}") from error
    if not (isinstance(cls, type) and issubclass(cls, Metric)):
        raise ValueError(f"the metric '{name}' is not a class of torchmetrics.Metric")
    families, definitions = getattr(cls, "families", ()), getattr(cls, "definitions", {})
    if not isinstance(families, (tuple, list)) or not families or not set(families) <= set(OUTPUTS):
        raise ValueError(
            f"the metric '{name}' needs an attribute families, a tuple of some of {', '.join(OUTPUTS)}, "
            f"not {families!r}"
        )
    if not _are_definitions(definitions):
        raise ValueError(
            f"the metric '{name}' needs an attribute definitions: for each value its name (letters, digits and _) and "
            "a hairgan.metrics.Definition"
        )
    if family not in families:
        raise ValueError(f"the metric '{name}' measures {', '.join(families)}, not {family}")
    if family == "stargan" and not issubclass(cls, MeanOverImages):
        raise ValueError(
            f"the metric '{name}' must be a hairgan.metrics.MeanOverImages to measure stargan: it gives each source a "
            "value, from which the means of pairs of domains are made"
        )
    add_definitions(definitions, f"the metric '{name}'")
    return cls


def _are_definitions(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(name, str) and name.isidentifier() for name in value)
        and all(isinstance(definition, Definition) for definition in value.values())
    )


def make_own_metrics(metrics: Sequence[str], family: str, device: torch.device | str) -> dict[str, Any]:
    """The metrics of the user's own among some metrics, by name.

    Raises:
        ValueError: as `own_metric`, or a class cannot be made without arguments.
    """
    made: dict[str, Any] = {}
    for name in metrics:
        if class_of(name) is None:
            continue
        try:
            made[name] = own_metric(name, family)().to(device)
        except TypeError as error:
            raise ValueError(f"the metric '{name}' cannot be made without arguments: {error}") from error
    return made


def _values_of(name: str, metric: Metric) -> dict[str, float]:
    """The values that a metric computes, by the names that it defines.

    Raises:
        ValueError: it computes others.
    """
    found: Any = metric.compute()
    defined: Any = metric.definitions
    if not isinstance(found, Mapping) and len(defined) == 1:
        found = {next(iter(defined)): found}
    if not isinstance(found, Mapping) or set(found) != set(defined):
        has = ", ".join(map(str, found)) if isinstance(found, Mapping) else "no names"
        raise ValueError(f"the metric '{name}' defines {', '.join(defined)}, but its compute() returns {has}")
    return {value: float(found[value]) for value in defined}


class OwnMetrics:
    """The metrics of the user's own in an evaluation: they see each batch, and are added to the result."""

    def __init__(self, metrics: Sequence[str], family: str, device: torch.device | str) -> None:
        self.metrics = make_own_metrics(metrics, family, device)

    def __bool__(self) -> bool:
        return bool(self.metrics)

    def update(self, outputs: Any) -> list[dict[str, float]]:
        """Show a batch of `hairgan.evaluation.outputs` to all metrics, and return each image's values by name."""
        rows: list[dict[str, float]] = []
        for metric in self.metrics.values():
            metric.update(outputs)
            if isinstance(metric, MeanOverImages):
                of_images = metric.values_of_images()
                rows = [row | more for row, more in zip(rows or [{} for _ in of_images], of_images, strict=True)]
        return rows

    def add_to(self, result: Evaluation, row: str) -> None:
        """Add values, headline and a table of each metric.

        Args:
            row: what was measured, e.g. `16 images`.

        Raises:
            ValueError: a metric does not compute the values that it defines.
        """
        for name, metric in self.metrics.items():
            values = _values_of(name, metric)
            result.values |= values
            result.headline += tuple(values)
            note = (type(metric).__doc__ or "").strip().partition("\n")[0]
            result.tables.append(Table(name.rpartition(".")[2], [*values], [(row, [*values.values()])], note=note))
