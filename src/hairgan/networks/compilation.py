"""`torch.compile` for the methods of a network that a training step calls."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import nn


def compile_network(network: nn.Module, **options: Any) -> None:
    """Compile a network in place: the methods in its `step_methods`, or `forward` if it does not name any.

    Names of parameters do not change. A deep copy of the network calls its own methods on its own weights.

    Args:
        network: the network. `network.forward(...)`, without `network(...)`, stays as it is.
        options: of `torch.compile`.
    """
    for name in getattr(network, "step_methods", ("forward",)):
        if name == "forward":
            network.compile(**options)
        else:
            method = torch.compile(getattr(type(network), name), **options)
            setattr(network, name, MethodType(method, network))
