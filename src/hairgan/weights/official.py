"""Networks from state dicts in the layout of the published checkpoints.

Every family keeps its knowledge of the official key layout in a file of its own (`stargan_v2.py`, `sean.py`, ...); this
one dispatches and insists that nothing is missing and nothing is left over.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

OFFICIAL: dict[str, str] = {
    # name -> "module:function" taking (state_dict, **options) and returning the network
    "stargan_v2/generator": "hairgan.weights.stargan_v2:generator",
    "stargan_v2/mapping_network": "hairgan.weights.stargan_v2:mapping_network",
    "stargan_v2/style_encoder": "hairgan.weights.stargan_v2:style_encoder",
    "stargan_v2/discriminator": "hairgan.weights.stargan_v2:discriminator",
    "stargan_v2/fan": "hairgan.weights.stargan_v2:fan",
    "sean/generator": "hairgan.weights.sean:generator",
    "sean/discriminator": "hairgan.weights.sean:discriminator",
    "bisenet": "hairgan.weights.bisenet:parser",
    "resnet_cbam": "hairgan.weights.cbam:resnet_cbam",
}

Network = TypeVar("Network", bound=nn.Module)


def from_official(name: str, state_dict: Mapping[str, Tensor], **options: Any) -> nn.Module:
    """Build a network from a state dict in the official key layout.

    Args:
        name: one of `OFFICIAL`, e.g. `"stargan_v2/generator"`.
        state_dict: tensors under the official names; sizes and widths are read from their shapes.
        options: what the tensors do not tell (see the family's module).

    Returns:
        the network in evaluation mode with these weights.

    Raises:
        ValueError: the name is unknown, or keys are missing or left over (all of them are listed), or shapes differ.
    """
    if name not in OFFICIAL:
        raise ValueError(f"unknown network '{name}'; known are {', '.join(OFFICIAL)}")
    module, function = OFFICIAL[name].split(":")
    build: Callable[..., nn.Module] = getattr(importlib.import_module(module), function)
    return build(state_dict, **options).eval()


def load_exactly(network: Network, state_dict: Mapping[str, Tensor], assign: bool = False) -> Network:
    """Load a state dict that must match the network key for key and shape for shape.

    With `assign` the network takes the tensors themselves instead of copying from them.

    Raises:
        ValueError: with the list of missing keys, unexpected keys and differing shapes.
    """
    own = network.state_dict()
    missing = [key for key in own if key not in state_dict]
    unexpected = [key for key in state_dict if key not in own]
    differing = [
        f"{key} {tuple(state_dict[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state_dict and state_dict[key].shape != own[key].shape
    ]
    if missing or unexpected or differing:
        problems = {"missing": missing, "unexpected": unexpected, "of another shape": differing}
        listed = "; ".join(f"{len(keys)} {what}: {', '.join(keys)}" for what, keys in problems.items() if keys)
        raise ValueError(f"the state dict does not fit {type(network).__name__}: {listed}")
    network.load_state_dict(state_dict, assign=assign)
    return network
