"""Networks for inference in a lower precision: weights are converted once, not at every call."""

from __future__ import annotations

import copy

import torch
from torch import nn

from hairgan.networks.ace import StyleBranch
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.spectral_norm import SpectralConv2d


def in_low_precision(network: SEANGenerator, dtype: torch.dtype = torch.bfloat16) -> SEANGenerator:
    """A copy of SEAN to run under autocast to `dtype`; the weights that autocast would convert are converted already.

    Kernels are divided by their spectral norm here. Outputs equal those of the network itself under autocast, up to the
    rounding of the kernels.
    """
    low = copy.deepcopy(network).eval()
    for module in list(low.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SpectralConv2d):
                setattr(module, name, _plain(child))
    for module in low.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.to(dtype)
        elif isinstance(module, StyleBranch):
            for parameter in (module.region_weight, module.region_bias, module.weight):
                parameter.data = parameter.data.to(dtype)
    return low


def _plain(conv: SpectralConv2d) -> nn.Conv2d:
    """The same convolution without spectral norm."""
    out_channels, size, _, in_channels = conv.weight.shape
    plain = nn.Conv2d(
        in_channels, out_channels, size, conv.stride, conv.padding, bias=conv.bias is not None, device="meta"
    )
    with torch.no_grad():
        plain.weight = nn.Parameter((conv.weight / conv.norm()).permute(0, 3, 1, 2))
        if conv.bias is not None:
            plain.bias = nn.Parameter(conv.bias.detach().clone())
    return plain
