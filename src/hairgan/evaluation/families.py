"""The evaluation of each family: its module, chosen by the networks' names in a run's config."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Requirement
from hairgan.evaluation import face_parser, hair_classifier, hair_layout, sean, stargan
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.own_metrics import own_metric
from hairgan.evaluation.result import Evaluation
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.registry import METRICS, MODES, Mode, value_names


class Family(typing.Protocol):
    """The interface of a family's module."""

    DEFAULT_SPLIT: str
    """GANs are measured on `val`, as published; the others on `test`."""

    def default_metrics(self, dataset: PackedDataset, judges: Judges) -> tuple[str, ...]: ...

    def requirements(self, metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]: ...

    def evaluate(
        self, networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings
    ) -> Evaluation: ...


FAMILIES: dict[str, Family] = {
    "face_parser": face_parser,
    "hair_classifier": hair_classifier,
    "hair_layout": hair_layout,
    "stargan": stargan,
    "sean": sean,
}

IDENTIFIED_BY = {
    "face_parser": "parser", "hair_classifier": "classifier", "hair_layout": "hair_layout",
    "stargan": "mapping_network", "sean": "generator",
}  # fmt: skip
"""Family -> the network that identifies it. They are tried in this order, because StarGAN v2 has a generator too."""


def family_of(networks: Mapping[str, Any]) -> str:
    """The family of networks by their names in a run's config.

    Raises:
        ValueError: networks of no known family.
    """
    for family, network in IDENTIFIED_BY.items():
        if network in networks:
            return family
    raise ValueError(f"there is no evaluation for networks named {', '.join(networks) or '(none)'}")


def default_split(family: str) -> str:
    """The split that a family is measured on."""
    return FAMILIES[family].DEFAULT_SPLIT


def requirements(
    family: str, metrics: Sequence[str], *, split: str, modes: Sequence[Mode] = MODES
) -> list[Requirement]:
    """What an evaluation of a family needs of the data."""
    return FAMILIES[family].requirements(metrics, split, modes)


def check_metrics(family: str, metrics: Sequence[str], judges: Collection[str]) -> None:
    """Refuse metrics that a family does not have, or whose judge is missing.

    Args:
        judges: names of the judges that are given, of `classifier`, `parser` and `embedder`.

    Raises:
        ValueError: for the first such metric; the message lists the known ones, or how to give the judge. Or as
            `own_metric` for a metric of the user's own.
    """
    for metric in metrics:
        declared = METRICS[family].get(metric)
        if declared is None:
            own_metric(metric, family)
        elif declared.judge is not None and declared.judge.name not in judges:
            needed = declared.judge
            raise ValueError(f"the metric '{metric}' needs a {needed.description}: {needed.name}={needed.given_as}")


def headline_names(
    family: str,
    metrics: Sequence[str],
    protocol: str = "embedded",
    modes: Sequence[Mode] = MODES,
    with_parser: bool = False,
) -> list[str]:
    """Names of the main values of metrics, those of the user's own too: the headline of their evaluation.

    Args:
        with_parser: whether a face parser judges the outputs.

    Raises:
        ValueError: as `own_metric`.
    """
    names = value_names(family, metrics, protocol, modes, with_parser)
    for metric in metrics:
        if metric not in METRICS[family]:
            definitions = own_metric(metric, family).definitions
            in_modes = [f"{mode}/{name}/mean" for name in definitions for mode in modes]
            names += in_modes if family == "stargan" else definitions
    return names


def choose_metrics(
    family: str, metrics: Sequence[str] | None, dataset: PackedDataset, judges: Judges
) -> tuple[str, ...]:
    """The given metrics, or by default those that the family, the dataset and the judges allow.

    Raises:
        ValueError: as `check_metrics`.
    """
    if not metrics:
        return FAMILIES[family].default_metrics(dataset, judges)
    check_metrics(family, metrics, judges.names)
    return tuple(metrics)


def evaluate_networks(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Evaluate networks, by their names in a run's config, with the module of their family.

    Raises:
        ValueError: as `check_metrics`, or what the family's `evaluate` raises.
    """
    family = family_of(networks)
    check_metrics(family, settings.metrics, settings.judges.names)
    settings.protocol.prepare(settings.metrics)
    result = FAMILIES[family].evaluate(networks, data, settings)
    with_parser = settings.judges.parser is not None
    names = headline_names(family, settings.metrics, settings.protocol.name, settings.modes, with_parser)
    assert set(result.headline) == set(names), (result.headline, names)  # those that settings and callbacks announce
    own = [metric for metric in settings.metrics if metric not in METRICS[family]]
    result.protocol |= {"own_metrics": own} if own else {}
    return result
