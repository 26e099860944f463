"""Parameter groups, and learning rates as functions of the step."""

from __future__ import annotations

from typing import Any

from torch import nn

from hairgan.networks.face_parser import BiSeNet


def bisenet_parameter_groups(
    parser: BiSeNet, weight_decay: float = 5e-4, head_lr_factor: float = 10.0
) -> list[dict[str, Any]]:
    """The parameter groups of the public BiSeNet.

    Normalization and biases have no weight decay; fusion and heads have a higher learning rate.

    Args:
        parser: the network.
        weight_decay: weight decay of all other parameters.
        head_lr_factor: factor on the learning rate of fusion and heads; 10 as published.

    Returns:
        four groups with `params`, `weight_decay`, `name` and `lr_factor`, the factor on the schedule's learning rate.
    """
    fast_modules = (parser.fusion, parser.classifier, parser.auxiliary8, parser.auxiliary16)
    fast = {id(parameter) for module in fast_modules for parameter in module.parameters()}
    groups: dict[str, list[nn.Parameter]] = {"trunk": [], "trunk_norm": [], "fast": [], "fast_norm": []}
    for parameter in parser.parameters():
        kind = "fast" if id(parameter) in fast else "trunk"
        groups[kind if parameter.ndim > 1 else f"{kind}_norm"].append(parameter)
    return [
        {
            "name": name,
            "params": parameters,
            "weight_decay": 0.0 if name.endswith("_norm") else weight_decay,
            "lr_factor": head_lr_factor if name.startswith("fast") else 1.0,
        }
        for name, parameters in groups.items()
    ]


def bisenet_lr(
    step: int,
    total_steps: int = 80_000,
    *,
    peak: float = 1e-2,
    start: float = 1e-5,
    warmup_steps: int = 1000,
    power: float = 0.9,
) -> float:
    """The learning rate of the public BiSeNet: exponential warm-up to `peak`, then polynomial decay to 0.

    Args:
        step: number of steps done.
        total_steps: length of the run.
        peak: rate at the end of the warm-up.
        start: rate at step 0.
        warmup_steps: length of the warm-up; 0 for none.
        power: exponent of the decay.

    Raises:
        ValueError: the warm-up is not shorter than the training.
    """
    if warmup_steps >= total_steps:
        raise ValueError(f"a warm-up of {warmup_steps} steps does not fit into {total_steps} steps")
    if step <= warmup_steps:
        return start * (peak / start) ** (step / warmup_steps) if warmup_steps else peak
    return peak * (1 - min((step - warmup_steps) / (total_steps - warmup_steps), 1.0)) ** power


def linear_decay(step: int, *, steps: int, constant_share: float = 0.5) -> float:
    """Factor on the learning rates: 1 for a share of the run, then linear decay to 0 at its end.

    SEAN was published with 50 epochs at a constant rate and 50 of decay.

    Args:
        step: number of steps done.
        steps: length of the run.
        constant_share: share of the run in [0, 1] with the factor 1.
    """
    start = constant_share * steps
    return 1.0 if step < start else max(0.0, (steps - step) / (steps - start))
