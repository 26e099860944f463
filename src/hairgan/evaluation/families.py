"""Which evaluation fits which networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool
from numpy import ndarray
from torch import nn

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


def family_of(networks: Mapping[str, nn.Module]) -> str:
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
    unknown = [name for name in metrics or () if name not in METRICS[family]]
    if unknown:
        raise ValueError(
            f"there is no metric '{unknown[0]}' for {family}; there are {', '.join(METRICS[family])}"
            + ("; 'embedded' is a protocol: protocol=embedded" if unknown[0] == "embedded" else "")
        )
    judges, split = judges or Judges(), split or default_split(family)
    if not metrics:
        metrics = METRICS[family]
        if family == "sean":
            metrics = painting.default_metrics(dataset, judges)
        elif family == "stargan":
            metrics = translation.default_metrics(judges)
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
