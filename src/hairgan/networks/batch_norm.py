"""Batch normalisation without scale and shift, over the batch of all processes."""

from __future__ import annotations

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class ParameterFreeBatchNorm(nn.Module):
    """Batch norm (Ioffe & Szegedy 2015) with running statistics and nothing to learn.

    Under several processes the statistics are those of the global batch, with any backend and on any device, so that
    the result does not depend on the number of processes. They are float32 whatever the precision of the maps.

    Args:
        channels: C of the maps.
        synchronised: False for the statistics of this process's part of the batch.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, synchronised: bool = True, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.synchronised, self.eps, self.momentum = synchronised, eps, momentum
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        if self.training and self.synchronised and dist.is_initialized() and dist.get_world_size() > 1:
            return self._over_all_processes(x.float()).to(x.dtype)
        return F.batch_norm(
            x, self.running_mean, self.running_var, training=self.training, momentum=self.momentum, eps=self.eps
        )

    def _over_all_processes(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        count = _total(x.new_tensor(x.numel() / x.shape[1]))
        mean = _total(x.sum(dim=(0, 2, 3))) / count
        centred = x - mean[:, None, None]
        var = _total(centred.square().sum(dim=(0, 2, 3))) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (count / (count - 1)), self.momentum)
        return centred * (var + self.eps).rsqrt()[:, None, None]


def _total(x: Tensor) -> Tensor:
    """Sum over processes; its gradient is the sum of the processes' gradients."""
    return _Total.apply(x)


class _Total(torch.autograd.Function):
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
