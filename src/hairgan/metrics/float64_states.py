"""The base of metrics whose states are sums in float64."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from hairgan.devices import float64_device


class Float64States(Metric):
    """A metric whose float64 states stay on the CPU when the metric moves to a device without float64 (Apple GPUs).

    What is added to a state goes through `hairgan.devices.to_float64`.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        @functools.wraps(fn)  # torchmetrics goes by its name
        def move(tensor: Tensor) -> Tensor:
            if tensor.dtype == torch.float64:
                target = fn(torch.empty(0, device=tensor.device)).device
                if float64_device(target) != target:
                    return tensor.to(float64_device(target))
            return fn(tensor)

        return super()._apply(move, exclude_state)
