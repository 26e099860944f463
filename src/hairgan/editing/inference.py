"""Running networks to edit: without gradients, and in a chosen precision."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import torch

PRECISIONS = ("float32", "bfloat16")


class RunsNetworks(Protocol):
    """An object whose methods run networks."""

    precision: str
    device: torch.device


Owner = TypeVar("Owner", bound=RunsNetworks)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def check_precision(precision: str) -> None:
    """Raise ValueError for an unknown precision."""
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision '{precision}'; known are {', '.join(PRECISIONS)}")


def inference(
    method: Callable[Concatenate[Owner, Arguments], Result],
) -> Callable[Concatenate[Owner, Arguments], Result]:
    """Decorate a method that runs networks: no gradients, and the precision of its object."""

    @wraps(method)
    def run(owner: Owner, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        lower = owner.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(owner.device.type, torch.bfloat16, enabled=lower):
            return method(owner, *args, **kwargs)

    return run
