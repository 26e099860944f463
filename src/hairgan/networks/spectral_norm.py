"""Convolution with spectral normalisation (Miyato et al. 2018, algorithm 1)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class SpectralConv2d(nn.Module):
    """A 2-D convolution whose kernel W is divided by an estimate of its largest singular value, u'Wv.

    As in the published SEAN: one power iteration a forward pass in training mode, v before u (PyTorch's
    `parametrizations.spectral_norm` updates u first and so is half an iteration behind), none in evaluation mode.
    The kernel is stored (out, k, k, in), the order of fast convolutions, and v goes with it.

    Args:
        in_channels, out_channels: widths.
        kernel_size: k, of a square kernel.
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

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d y z"]:
        kernel = self.normalised().permute(0, 3, 1, 2)
        return F.conv2d(x, kernel, self.bias, self.stride, self.padding)

    def normalised(self) -> Float[Tensor, "d k k c"]:
        """The kernel divided by the estimate, after a power iteration if in training mode."""
        with torch.autocast(self.weight.device.type, enabled=False):
            matrix = self.weight.flatten(1)
            if self.training:
                with torch.no_grad():
                    F.normalize(matrix.mT @ self.u, dim=0, eps=1e-12, out=self.v)
                    F.normalize(matrix @ self.v, dim=0, eps=1e-12, out=self.u)
            # copies, since a second forward pass before the backward pass overwrites the buffers
            return self.weight / torch.dot(self.u.clone(), matrix @ self.v.clone())
