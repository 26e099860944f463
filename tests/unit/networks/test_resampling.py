"""Fused convolutions against the two operations they stand for, in float64: values, first and second derivatives."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from hairgan.networks.resampling import SMALLEST_FUSED, Conv3x3, ConvPool, UpsampleConv


def conv_then_pool(conv: Conv3x3, x: Tensor) -> Tensor:
    return F.avg_pool2d(F.conv2d(x, conv.weight, conv.bias, padding=1), 2)


def upsample_then_conv(conv: Conv3x3, x: Tensor) -> Tensor:
    return F.conv2d(F.interpolate(x, scale_factor=2), conv.weight, conv.bias, padding=1)


@pytest.mark.parametrize("side", [SMALLEST_FUSED // 4, SMALLEST_FUSED // 2, SMALLEST_FUSED, 2 * SMALLEST_FUSED])
@pytest.mark.parametrize(("fused", "plain"), [(ConvPool, conv_then_pool), (UpsampleConv, upsample_then_conv)])
def test_equals_the_two_operations(fused, plain, side: int) -> None:
    torch.manual_seed(0)
    conv = fused(3, 5).double()
    x = torch.randn(2, 3, side, side, dtype=torch.float64, requires_grad=True)

    def derivatives(out: Tensor) -> list[Tensor]:
        (slope,) = torch.autograd.grad(out.tanh().sum(), x, create_graph=True)
        second = torch.autograd.grad(slope.pow(2).sum(), [x, conv.weight, conv.bias])
        return [out, slope, *second]

    for got, expected in zip(derivatives(conv(x)), derivatives(plain(conv, x)), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)


def test_state_dict_is_that_of_a_convolution() -> None:
    assert list(ConvPool(3, 5).state_dict()) == list(torch.nn.Conv2d(3, 5, 3).state_dict())
