"""Which evaluation fits which networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool
from numpy import ndarray
from torch import nn

from hairgan.data.packed import PackedDataset
from hairgan.evaluation import classification, painting, parsing, translation
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.result import Evaluation
from hairgan.losses.stargan import MakeMasks
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.translation import Mode


def default_split(networks: Mapping[str, nn.Module]) -> str:
    """The split that a family is measured on: GANs on `val`, as published; parser and classifier on `test`."""
    return "test" if "parser" in networks or "classifier" in networks else "val"


def evaluate_networks(
    networks: Mapping[str, Any],
    dataset: PackedDataset,
    domains: Sequence[str],
    membership: Bool[ndarray, "n k"],
    protocol: Protocol,
    *,
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
        split: None for `default_split`.
        max_sources: a budget: at most so many images (StarGAN v2: sources a target domain).

    Raises:
        ValueError: networks of no known family, or what the family's evaluation raises.
    """
    shared: dict[str, Any] = {"split": split or default_split(networks), "max_sources": max_sources}
    shared |= {"batch_size": batch_size, "device": device}
    if "parser" in networks:
        return parsing.evaluate(networks["parser"], dataset, **shared)
    if "classifier" in networks:
        return classification.evaluate(networks["classifier"], dataset, **shared)
    if "mapping_network" in networks:
        return translation.evaluate(
            networks["generator"], networks["mapping_network"], networks["style_encoder"],
            dataset, domains, membership, protocol,
            modes=modes, num_outputs=num_outputs, seed=seed, cache=cache, make_masks=make_masks, **shared,
        )  # fmt: skip
    if "generator" in networks:
        return painting.evaluate(networks["generator"], dataset, protocol, cache=cache, **shared)
    raise ValueError(f"there is no evaluation for networks named {', '.join(networks) or '(none)'}")
