"""Convolution with spectral normalization (Miyato et al. 2018, algorithm 1)."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

FIRST_ITERATIONS = 5  # so that the estimate is usable before training


class SpectralConv2d(nn.Module):
    """A 2-D convolution whose kernel W is divided by an estimate of its largest singular value, u'Wv.

    As in the published SEAN: one power iteration per forward pass in training mode, v before u (PyTorch's
    `parametrizations.spectral_norm` updates u first and so is half an iteration behind), none in evaluation mode.
    The kernel is stored as (out, k, k, in), the order of fast convolutions; v has the same order.

    Args:
        in_channels, out_channels: widths.
        kernel_size: k, the side of the kernel.
        stride, padding, bias: as in `nn.Conv2d`.
    """

    u: Tensor
    v: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        self.weight = nn.Parameter(torch.empty(out_channels, kernel_size, kernel_size, in_channels))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.register_buffer("u", F.normalize(torch.randn(out_channels), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(kernel_size**2 * in_channels), dim=0))
        bound = (kernel_size**2 * in_channels) ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)
        for _ in range(0 if self.weight.is_meta else FIRST_ITERATIONS):
            self.norm()

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d y z"]:
        if torch.is_grad_enabled():
            kernel = _Normalize.apply(self.weight, self.norm(), self.u.clone(), self.v.clone())
            return F.conv2d(x, kernel.permute(0, 3, 1, 2), self.bias, self.stride, self.padding)
        # dividing the result instead of the kernel needs no memory for a second kernel
        out = F.conv2d(x, self.weight.permute(0, 3, 1, 2), None, self.stride, self.padding).div_(self.norm())
        return out if self.bias is None else out.add_(self.bias[:, None, None])

    def norm(self) -> Float[Tensor, ""]:
        """The estimate u'Wv, without a graph, after a power iteration if in training mode."""
        with torch.no_grad(), torch.autocast(self.weight.device.type, enabled=False):
            matrix = self.weight.flatten(1)  # (out, k * k * in)
            if self.training:
                F.normalize(matrix.mT @ self.u, dim=0, eps=1e-12, out=self.v)
                F.normalize(matrix @ self.v, dim=0, eps=1e-12, out=self.u)
            return torch.dot(self.u, matrix @ self.v)


class _Normalize(torch.autograd.Function):
    """W / norm with norm = u'Wv and constant u, v; the gradient takes two passes over W."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, norm: Tensor, u: Tensor, v: Tensor) -> Tensor:
        ctx.save_for_backward(weight, norm, u, v)
        return weight / norm

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        weight, norm, u, v = ctx.saved_tensors
        along = torch.dot(gradient.flatten(), weight.flatten()) / norm.square()
        grad_weight = (gradient / norm).contiguous()
        grad_weight.view(len(u), -1).addr_(u * along, v, alpha=-1)  # as (out, k * k * in)
        return grad_weight, None, None, None
