"""Batch normalization over the batch of all processes, on any device, with any backend.

PyTorch's own `SyncBatchNorm` runs on GPUs only.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class ParameterFreeBatchNorm(nn.Module):
    """Batch norm (Ioffe & Szegedy 2015) with running statistics and without learnable parameters.

    In distributed training the statistics are those of the global batch, with any backend and on any device, so that
    the result does not depend on the number of processes. They are float32, regardless of the precision of the maps.

    Args:
        channels: C of the maps.
        synchronized: False to use the statistics of this process's part of the batch only.
        eps: added to the variance.
        momentum: weight of the current batch in the running statistics.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, synchronized: bool = True, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.synchronized, self.eps, self.momentum = synchronized, eps, momentum
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        if self.training and self.synchronized and _is_distributed():
            return _normalize(x, self.running_mean, self.running_var, self.momentum, self.eps)
        return F.batch_norm(
            x, self.running_mean, self.running_var, training=self.training, momentum=self.momentum, eps=self.eps
        )


class SynchronizedBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose statistics in training are those of the batch of all processes."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        if not (self.training and _is_distributed()):
            return super().forward(x)
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        y = _normalize(x, self.running_mean, self.running_var, self.momentum, self.eps)
        return y * self.weight[:, None, None].to(y.dtype) + self.bias[:, None, None].to(y.dtype) if self.affine else y


def synchronize(module: nn.Module) -> None:
    """Make every `nn.BatchNorm2d` of a module a synchronized one, in place; parameters keep their values and names."""
    for layer in module.modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = SynchronizedBatchNorm2d


def _is_distributed() -> bool:
    return dist.is_initialized() and dist.get_world_size() > 1


def _normalize(
    maps: Float[Tensor, "b c h w"], running_mean: Tensor, running_var: Tensor, momentum: float, eps: float
) -> Float[Tensor, "b c h w"]:
    """Batch norm over all processes, in float32 or better; also updates the running statistics."""
    x = maps.to(torch.promote_types(maps.dtype, torch.float32))
    count = _sum_over_processes(x.new_tensor(x.numel() / x.shape[1]))
    mean = _sum_over_processes(x.sum(dim=(0, 2, 3))) / count  # (C,)
    centered = x - mean[:, None, None]
    var = _sum_over_processes(centered.square().sum(dim=(0, 2, 3))) / count  # (C,)
    with torch.no_grad():
        running_mean.lerp_(mean, momentum)
        running_var.lerp_(var * (count / (count - 1)), momentum)
    return (centered * (var + eps).rsqrt()[:, None, None]).to(maps.dtype)


def _sum_over_processes(x: Tensor) -> Tensor:
    """Sum over processes; its gradient is the sum of the processes' gradients."""
    return _SumOverProcesses.apply(x)


class _SumOverProcesses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        x = x.clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient
