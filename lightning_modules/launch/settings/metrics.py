"""Settings of metrics, for callbacks and for evaluate.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from hairgan.metrics.registry import METRICS, MODES, PROTOCOLS, class_of, installed_metrics, known_metrics
from lightning_modules.launch.settings.validation import Meaning, Settings
from lightning_modules.launch.settings.value_types import Path, Text, distinct, whole
from lightning_modules.launch.settings.wording import nearest, shown

Modes = Annotated[distinct(Literal[MODES]), Meaning("a list of latent, reference or both")]


class MetricSettings(Settings):
    """What is measured, with which networks and on how much."""

    metrics: Annotated[distinct(Text) | None, Meaning("a list of metrics, none twice, or null")] = None
    protocol: Literal[tuple(PROTOCOLS)] = "embedded"
    inception: Path | None = None
    alexnet: Path | None = None
    classifier: Path | None = None
    parser: Path | None = None
    embedder: Path | None = None
    modes: Modes = Field(default=list(MODES))
    num_outputs: whole(1, 10_000) = 10


def check_metrics_of(family: str, asked: Mapping[str, Any], prefix: str = "") -> None:
    """Refuse metrics that a family does not have, and metrics that lack a network or enough outputs.

    Args:
        asked: the values of a `MetricSettings`.
        prefix: what the names of the settings begin with, for the message, e.g. `callbacks.edit_metrics.`.

    Raises:
        ValueError: naming the metric and the setting.
    """
    metrics = asked.get("metrics") or ()
    for metric in metrics:
        if metric not in METRICS[family] and class_of(metric) is None:
            raise ValueError(
                f"there is no metric {shown(metric)} for {family} ({prefix}metrics); it has {known_metrics(family)}"
                + protocol_hint(metric, prefix)
            )
    if family == "stargan":
        check_num_outputs(metrics, asked.get("num_outputs", 10), prefix)
    for metric in metrics:
        judge = METRICS[family][metric].judge if metric in METRICS[family] else None
        if judge is not None and not asked.get(judge.name):
            raise ValueError(
                f"the metric '{metric}' needs a {judge.description}: {prefix}{judge.name}={judge.given_as}"
            )


def check_metric_names(metrics: tuple[str, ...]) -> None:
    """Refuse metrics that no family has, and that are no class of the user's own.

    Raises:
        ValueError: naming the metric and those that there are.
    """
    known = [metric for of_family in METRICS.values() for metric in of_family]
    for metric in metrics:
        if metric not in known and class_of(metric) is None:
            of_families = [f"for {family} {', '.join(of_family)}" for family, of_family in METRICS.items()]
            of_families += [f"of installed packages {', '.join(installed_metrics())}"] if installed_metrics() else []
            raise ValueError(
                f"there is no metric {shown(metric)}{nearest(metric, [*known, *installed_metrics()])}; the metrics are "
                + "; ".join(of_families)
                + ", or your own as module.Class"
                + protocol_hint(metric)
            )


def check_num_outputs(metrics: tuple[str, ...], num_outputs: int, prefix: str = "") -> None:
    """Refuse LPIPS on a single output per source; without `metrics`, LPIPS is one of the defaults.

    Raises:
        ValueError: naming the setting.
    """
    if num_outputs < 2 and "lpips" in (metrics or ("lpips",)):
        raise ValueError(
            f"{prefix}num_outputs must be 2 or more for lpips, which compares the outputs of a source, not "
            f"{num_outputs} ({prefix}metrics=[fid] needs only one)"
        )


def protocol_hint(metric: str, prefix: str = "") -> str:
    """What to add to a message where a protocol is given as a metric."""
    return f"; {metric} is a protocol: {prefix}protocol={metric}" if metric in PROTOCOLS else ""
