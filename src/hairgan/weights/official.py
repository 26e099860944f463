"""Networks from state dicts in the layout of the published checkpoints.

The official key layout of each family is described in its own file (`stargan.py`, `sean.py`, ...), which reads the
network's arguments from the shapes of the tensors; this file chooses among them.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from hairgan.weights.files import check_state

OFFICIAL: dict[str, str] = {
    # name -> "module:function" taking (state_dict, **options) and returning the network
    "stargan_v2/generator": "hairgan.weights.stargan:generator",
    "stargan_v2/mapping_network": "hairgan.weights.stargan:mapping_network",
    "stargan_v2/style_encoder": "hairgan.weights.stargan:style_encoder",
    "stargan_v2/discriminator": "hairgan.weights.stargan:discriminator",
    "stargan_v2/fan": "hairgan.weights.stargan:fan",
    "sean/generator": "hairgan.weights.sean:generator",
    "sean/discriminator": "hairgan.weights.sean:discriminator",
    "bisenet": "hairgan.weights.face_parser:parser",
    "resnet_cbam": "hairgan.weights.hair_classifier:resnet_cbam",
}


def from_official(name: str, state_dict: Mapping[str, Tensor], **options: Any) -> nn.Module:
    """Build a network from a state dict in the official key layout.

    Args:
        name: one of `OFFICIAL`, e.g. `"stargan_v2/generator"`.
        state_dict: tensors under the official names; sizes and widths are read from their shapes.
        options: what the tensors do not show (see the family's module).

    Returns:
        the network in evaluation mode with these weights.

    Raises:
        ValueError: the name or an option is unknown, the state dict is not one of finite tensors, keys are missing or
            left over, or shapes differ; the first three of each are named.
    """
    if name not in OFFICIAL:
        raise ValueError(f"unknown network '{name}'; known are {', '.join(OFFICIAL)}")
    module, function = OFFICIAL[name].split(":")
    build: Callable[..., nn.Module] = getattr(importlib.import_module(module), function)
    known = list(inspect.signature(build).parameters)[1:]
    if unknown := [option for option in options if option not in known]:
        raise ValueError(f"{name} has no option '{unknown[0]}'; it has {', '.join(known) or 'none'}")
    checked = check_state(state_dict, "the state dict")
    return build({key: tensor.detach().clone() for key, tensor in checked.items()}, **options)
