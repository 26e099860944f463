"""Which evaluation fits which networks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool
from numpy import ndarray

from hairgan.data.packed import PackedDataset
from hairgan.data.requirements import Images, KnownAttributes, LabelMaps, Requirement
from hairgan.domains import Domains
from hairgan.evaluation import classification, painting, parsing, translation
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.names import METRICS
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.result import Evaluation
from hairgan.losses.stargan import MakeMasks
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.translator import Mode, Translator

FAMILIES = {"parser": "face_parser", "classifier": "hair_classifier", "mapping_network": "stargan", "generator": "sean"}
"""A network that a family has and those before it have not -> the family."""


def family_of(networks: Mapping[str, Any]) -> str:
    """The family of networks by their names in a run's config.

    Raises:
        ValueError: networks of no known family.
    """
    for name, family in FAMILIES.items():
        if name in networks:
            return family
    raise ValueError(f"there is no evaluation for networks named {', '.join(networks) or '(none)'}")


def default_split(family: str) -> str:
    """The split that a family is measured on: GANs on `val`, as published; parser and classifier on `test`."""
    return "test" if family in ("face_parser", "hair_classifier") else "val"


def requirements(
    family: str, metrics: Sequence[str], *, split: str, modes: Sequence[Mode] = ("latent", "reference")
) -> list[Requirement]:
    """What an evaluation of a family needs of the data."""
    if family == "stargan":
        return translation.requirements(metrics, modes, split)
    if family == "sean":
        return [LabelMaps("to paint from"), Images(split, at_least=2)]
    return [LabelMaps("to compare with") if family == "face_parser" else KnownAttributes(split), Images(split)]


NEEDED_JUDGES = {"domain_accuracy": ("classifier", "hair classifier"), "segmentation": ("parser", "face parser")}
"""Metric of a GAN -> the judge that it needs."""


def check_metrics(family: str, metrics: Sequence[str], judges: Collection[str]) -> None:
    """Refuse metrics that a family has not, or that lack their judge.

    Args:
        judges: those there will be: `classifier`, `parser`.

    Raises:
        ValueError: the first of them, with what there is.
    """
    for metric in metrics:
        if metric not in METRICS[family]:
            raise ValueError(f"there is no metric '{metric}' for {family}; there are {', '.join(METRICS[family])}")
        if metric in NEEDED_JUDGES and family in ("stargan", "sean"):
            judge, what = NEEDED_JUDGES[metric]
            if judge not in judges:
                raise ValueError(f"the metric '{metric}' needs a {what}: {judge}=RUN_OR_BUNDLE")


def choose_metrics(
    family: str, metrics: Sequence[str] | None, dataset: PackedDataset, judges: Judges
) -> tuple[str, ...]:
    """The metrics that are asked for, or those that a family, a dataset and judges can have.

    Raises:
        ValueError: as `check_metrics`.
    """
    if metrics:
        there = [name for name in ("classifier", "parser") if getattr(judges, name) is not None]
        check_metrics(family, metrics, there)
        return tuple(metrics)
    if family == "sean":
        return painting.default_metrics(dataset, judges)
    return translation.default_metrics(judges) if family == "stargan" else METRICS[family]


def evaluate_networks(
    networks: Mapping[str, Any],
    dataset: PackedDataset,
    domains: Domains,
    membership: Bool[ndarray, "n k"],
    protocol: Protocol,
    *,
    metrics: Sequence[str] | None = None,
    judges: Judges | None = None,
    split: str | None = None,
    modes: Sequence[Mode] = ("latent", "reference"),
    num_outputs: int = 10,
    max_sources: int | None = None,
    batch_size: int = 8,
    seed: int = 0,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
    make_masks: MakeMasks | None = None,
) -> Evaluation:
    """Evaluate the networks of a run, by their names in its config; arguments as in the family's module.

    Args:
        metrics: of the family's `METRICS`; None for those that can be had.
        judges: networks that look at outputs.
        split: None for `default_split`.
        max_sources: a budget: at most so many images (StarGAN v2: sources a target domain).

    Raises:
        ValueError: a metric that the family has not, or what the family's evaluation raises.
    """
    family = family_of(networks)
    judges, split = judges or Judges(), split or default_split(family)
    metrics = choose_metrics(family, metrics, dataset, judges)
    protocol.prepare(metrics)
    shared: dict[str, Any] = {"split": split, "batch_size": batch_size, "device": device}
    if family == "face_parser":
        return parsing.evaluate(networks["parser"], dataset, max_sources=max_sources, **shared)
    if family == "hair_classifier":
        return classification.evaluate(networks["classifier"], dataset, max_sources=max_sources, **shared)
    if family == "sean":
        return painting.evaluate(
            networks["generator"], dataset, protocol,
            metrics=metrics, judges=judges, max_sources=max_sources, cache=cache, **shared,
        )  # fmt: skip
    translator = Translator(
        networks["generator"], networks["mapping_network"], networks["style_encoder"],
        dataset, domains.names, membership,
        num_outputs=num_outputs, seed=seed, make_masks=make_masks, **shared,
    )  # fmt: skip
    return translation.evaluate(
        translator, domains, protocol,
        metrics=metrics, judges=judges, modes=modes, max_sources=max_sources, cache=cache,
    )  # fmt: skip
