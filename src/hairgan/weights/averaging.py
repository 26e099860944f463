"""Averages of the weights of two sources, for networks between those before and after fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hairgan.weights.cards import fact_of
from hairgan.weights.collecting import collect
from hairgan.weights.shipped import named_source

SHIPPED_THEN = "the bundle that came with hairgan then"
"""What a card calls the bundle that comes with hairgan: another one may come with a later version."""


def average_with(
    networks: Mapping[str, nn.Module], facts: dict[str, Any], source: Path | str, share: float
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Networks whose weights lie between these and those of the same parts in another source.

    What fine-tuning forgot is still in the weights that it started from, and networks that share a start have good ones
    between them (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", equation 1).

    Args:
        networks: by part name, as `collect` returns them. They are changed.
        facts: about them, for the card.
        source: a run directory or a bundle, also on the hub; "shipped" is the one that comes with hairgan.
        share: of the networks' own weights, between 0 and 1.

    Returns:
        the networks, and the facts with `averaged_with` in each averaged part's `training`, whose metrics are called
        `metrics_before_averaging`.

    Raises:
        ValueError: as in `collect`; the source has none of the parts, or one with other tensors.
    """
    others, about = collect([named_source(source)])
    parts = [name for name in networks if name in others]
    if not parts:
        raise ValueError(f"{source} has none of the parts {', '.join(networks)}: there is nothing to average")
    training = dict(facts.get("training", {}))
    for name in parts:
        networks[name].load_state_dict(_between(others[name], networks[name], share, f"{source}: {name}"))
        training[name] = {
            **_before_averaging(training.get(name)),
            "averaged_with": {
                "source": SHIPPED_THEN if str(source) == "shipped" else Path(source).name,
                "own_share": share,
                "licence": fact_of(about, "licence", name),
                "training": fact_of(about, "training", name),
            },
        }
    return dict(networks), {**facts, "training": training}


def _before_averaging(said: Any) -> dict[str, Any]:
    """What a card says about a training; its metrics are not those of the average."""
    facts = dict(said) if isinstance(said, Mapping) else {} if said is None else {"said": said}
    if "metrics" in facts:
        facts["metrics_before_averaging"] = facts.pop("metrics")
    return facts


def _between(theirs: nn.Module, own: nn.Module, share: float, what: str) -> dict[str, Tensor]:
    """The average of two networks' tensors; whole numbers, such as counts of batches, are the network's own."""
    before, after = theirs.state_dict(), own.state_dict()
    if type(theirs) is not type(own) or {k: v.shape for k, v in before.items()} != {
        k: v.shape for k, v in after.items()
    }:
        raise ValueError(f"{what} is another network, or has other tensors, so the two have no average")
    return {
        key: torch.lerp(before[key].to(value), value, share) if value.is_floating_point() else value
        for key, value in after.items()
    }
