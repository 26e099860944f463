"""Optimizers that update all weights in one operation, that can skip an update without asking the host, and that keep
their settings when they continue from a saved state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
DEVICES = ("cpu", "cuda")
INITIAL_RATE = "initial_lr"
"""PyTorch's name for the learning rate of a group before a schedule's factor."""


def make_optimizer(make: Callable[..., Optimizer], parameters: Iterable[Any]) -> Optimizer:
    """Make an optimizer, in its fused form where PyTorch has one and the caller did not choose another.

    A state that was saved by the other form can be loaded, and by an optimizer with other settings: those of this one
    remain. (In PyTorch the saved ones replace them, so that another learning rate for a resumed run would do nothing.)

    Args:
        make: from parameters or groups of them to an optimizer.
        parameters: the parameters, or the groups.
    """
    wanted = list(parameters)
    given = {name for group in wanted if isinstance(group, dict) for name in group}  # the optimizer adds to them
    optimizer = make(wanted, fused=True) if _can_be_fused(make, wanted) else make(wanted)
    # what an optimizer keeps in its groups besides (the step size that Prodigy has found) is state
    arguments = given.union(signature(type(optimizer)).parameters, getattr(make, "keywords", ()))
    settings = (arguments | {INITIAL_RATE}) - {"params"}
    optimizer.register_load_state_dict_pre_hook(partial(_with_own_settings, settings))
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


def _with_own_settings(settings: Set[str], optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """A saved state with the settings of this optimizer instead of those of the optimizer that saved it.

    Raises:
        ValueError: the state lacks what a setting of this optimizer needs.
    """
    saved, own = state["param_groups"], optimizer.param_groups
    if len(saved) != len(own):  # PyTorch refuses it
        return state
    if any(mine.get("amsgrad") and not group.get("amsgrad") for mine, group in zip(own, saved, strict=True)):
        raise ValueError(
            "amsgrad=true needs the largest averages of the steps before, which the run has not kept: leave it out, or "
            "start a new run from its weights with init=RUN"
        )
    kept = [{name: mine[name] for name in settings if name in mine} for mine in own]
    return state | {"param_groups": [group | mine for group, mine in zip(saved, kept, strict=True)]}
