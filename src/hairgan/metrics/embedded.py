"""A fixed random convolutional network: features that need no download and are the same on every machine.

Random convolutions give poor features, but distances between them still decrease as images become more similar, which
is enough to follow a run. Values computed with them have `embedded` in their names.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor, nn
from torch.nn import functional as F

NO_FILE = "give its path; protocol=embedded needs no file"
"""The end of messages about a missing weights file."""

_KEY = 20261122  # part of the definition: changing it changes every `embedded` value


class EmbeddedTrunk(nn.Module):
    """Four convolution stages with ReLU, each at half the resolution of the one before.

    Weights are uniform with He's variance, made from the raw 64-bit words of Philox (a stream that never changes).
    Kernels have zero mean, so that channels do not all follow brightness: three quarters of them in the first stage,
    where they respond to edges and textures of a color, and all of them later.
    """

    channels = (16, 32, 64, 96)
    memory_format = torch.channels_last  # on a CPU: 1.6 times as fast as the other one

    def __init__(self) -> None:
        super().__init__()
        words = np.random.Philox(key=_KEY)
        self.convs = nn.ModuleList()
        for stage, (wide_in, wide_out) in enumerate(zip((3, *self.channels), self.channels, strict=False)):
            kernel = 5 if stage == 0 else 3
            conv = nn.Conv2d(wide_in, wide_out, kernel, padding=kernel // 2, padding_mode="replicate", bias=False)
            weight = _uniform(words, (wide_out, wide_in, kernel, kernel))
            if stage:
                weight -= weight.mean(axis=(1, 2, 3), keepdims=True)
            else:
                weight[:12] -= weight[:12].mean(axis=(2, 3), keepdims=True)
            bound = math.sqrt(6 / (wide_in * kernel * kernel))
            conv.weight.data.copy_(torch.from_numpy(bound * weight))
            self.convs.append(conv)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Feature maps of images in [-1, 1], at the image's resolution, a half, a quarter and an eighth.

        Raises:
            ValueError: a side is shorter than 8 pixels.
        """
        if min(images.shape[-2:]) < 8:
            raise ValueError(f"images must be at least 8 pixels wide and high, got {tuple(images.shape[-2:])}")
        maps, x = [], images.contiguous(memory_format=self.memory_format) if images.device.type == "cpu" else images
        for stage, conv in enumerate(self.convs):
            x = F.relu(conv(F.avg_pool2d(x, 2) if stage else x))
            maps.append(x)
        return maps


def _uniform(words: np.random.Philox, shape: tuple[int, ...]) -> Float[ndarray, ...]:
    """Uniform in [-1, 1), float64."""
    raw = words.random_raw(math.prod(shape))
    return ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1).reshape(shape)
