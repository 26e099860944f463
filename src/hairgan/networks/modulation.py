"""Scale and shift a feature map by rows gathered from small tables, without materializing the gathered maps.

Allocating memory costs more than arithmetic here: a map of 128 channels at 256x256 pixels takes 34 MB, and a plain
version would allocate six of them per layer and keep three for the backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

ROWS_AT_ONCE = 8192
"""Pixels processed at a time, so that what is gathered for them stays in the cache."""


def modulate(
    x: Float[Tensor, "b c h w"],
    scale: Float[Tensor, "n c"],
    shift: Float[Tensor, "n c"],
    index: Int64[Tensor, " pixels"],
    negative_slope: float,
) -> Float[Tensor, "b c h w"]:
    """leaky_relu(x * scale[index] + shift[index]) in the tables' precision; the result is channels last in memory.

    Args:
        index: row of the tables for each pixel, in the order (image, row, column).
        negative_slope: of the leaky ReLU; 1 for none.
    """
    batch, _, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(len(index), -1).to(scale.dtype)  # (B, C, h, w) -> (B * h * w, C)
    out = _Modulate.apply(rows, scale.contiguous(), shift.contiguous(), index, negative_slope)
    return out.to(x.dtype).view(batch, height, width, -1).permute(0, 3, 1, 2)  # (B * h * w, C) -> (B, C, h, w)


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))


class _Modulate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, index: Tensor, negative_slope: float) -> Tensor:
        out = torch.empty_like(x)
        for part in _chunks(len(x)):
            torch.index_select(shift, 0, index[part], out=out[part])
            out[part].addcmul_(x[part], scale.index_select(0, index[part]))
            if negative_slope != 1:
                F.leaky_relu_(out[part], negative_slope)
        ctx.save_for_backward(x, scale, index, None if negative_slope == 1 else out)
        ctx.negative_slope = negative_slope
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        x, scale, index, out = ctx.saved_tensors
        grad_x, grad_scale, grad_shift = torch.empty_like(x), torch.zeros_like(scale), torch.zeros_like(scale)
        for part in _chunks(len(x)):
            grad = gradient[part]
            if out is not None:
                grad = torch.ops.aten.leaky_relu_backward(grad, out[part], ctx.negative_slope, True)
            grad_shift.index_add_(0, index[part], grad)
            grad_scale.index_add_(0, index[part], grad * x[part])
            torch.mul(grad, scale.index_select(0, index[part]), out=grad_x[part])
        return grad_x, grad_scale, grad_shift, None, None
