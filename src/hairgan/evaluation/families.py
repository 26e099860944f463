"""The evaluation of each family: its module, chosen by the networks' names in a run's config."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Requirement
from hairgan.evaluation import face_parser, hair_classifier, hair_layout, sean, stargan
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.names import METRICS, MODES, NEEDED_JUDGES, Mode
from hairgan.evaluation.result import Evaluation
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings


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
        ValueError: for the first such metric; the message lists the known ones, or how to give the judge.
    """
    for metric in metrics:
        if metric not in METRICS[family]:
            raise ValueError(f"there is no metric '{metric}' for {family}; known are {', '.join(METRICS[family])}")
        needed = NEEDED_JUDGES.get((family, metric))
        if needed is not None and needed.name not in judges:
            raise ValueError(f"the metric '{metric}' needs a {needed.description}: {needed.name}={needed.given_as}")


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
    return FAMILIES[family].evaluate(networks, data, settings)
