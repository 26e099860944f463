"""Optimizers that update all weights in one operation, and that can skip an update without asking the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
DEVICES = ("cpu", "cuda")


def make_optimizer(make: Callable[..., Optimizer], parameters: Iterable[Any]) -> Optimizer:
    """Make an optimizer, in its fused form where PyTorch has one and the caller did not choose another.

    A state that was saved by the other form can be loaded.

    Args:
        make: from parameters or groups of them to an optimizer.
        parameters: the parameters, or the groups.
    """
    wanted = list(parameters)
    optimizer = make(wanted, fused=True) if _can_be_fused(make, wanted) else make(wanted)
    optimizer.register_load_state_dict_pre_hook(_keep_form)
    return optimizer


def skips_on_device(optimizer: Optimizer) -> bool:
    """Whether `step_unless` works without reading its condition on the host."""
    return isinstance(optimizer, FUSED) and all(group["fused"] for group in optimizer.param_groups)


def step_unless(skip: Tensor, optimizer: Optimizer) -> None:
    """Step a fused optimizer, unless `skip` (a float on its device) is 1: then weights and state stay as they are."""
    assert skips_on_device(optimizer)
    optimizer.found_inf = skip  # type: ignore[attr-defined]  # PyTorch's own name: its gradient scaler uses it
    try:
        optimizer.step()
    finally:
        del optimizer.found_inf  # type: ignore[attr-defined]


def _can_be_fused(make: Callable[..., Optimizer], parameters: list[Any]) -> bool:
    if (make.func if isinstance(make, partial) else make) not in FUSED:
        return False
    options = signature(make).parameters  # the defaults are those of the partial
    if options["fused"].default is not None or options["foreach"].default or options["differentiable"].default:
        return False
    tensors = [p for group in parameters for p in (group["params"] if isinstance(group, dict) else [group])]
    return all(tensor.is_floating_point() and tensor.device.type in DEVICES for tensor in tensors)


def _keep_form(optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """A saved state with the form of this optimizer instead of that of the optimizer that saved it."""
    form = {name: optimizer.defaults[name] for name in ("fused", "foreach") if name in optimizer.defaults}
    return state | {"param_groups": [group | form for group in state["param_groups"]]}
