"""LPIPS, a learned perceptual distance between images.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric".
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn

from hairgan.metrics.embedded import NO_FILE, EmbeddedTrunk
from hairgan.metrics.images import check_same_shape
from hairgan.metrics.registry import PROTOCOLS
from hairgan.weights.files import load_exactly, read_state_dict, weights_file

_TAPS = (1, 4, 7, 9, 11)
"""The layers of AlexNet whose outputs are compared: all its ReLUs."""


class LPIPS(nn.Module):
    """Perceptual distance: squared differences of unit-length features, weighted per channel, averaged over space.

    Features are divided by `sqrt(sum_c f^2 + 1e-10)`, with the epsilon inside the root as in StarGAN v2's evaluation
    (in the public package it is outside, which matters only where all features vanish). The linear heads are those of
    LPIPS v0.1, which ship with torchmetrics.

    Args:
        weights: `"torchvision"` for AlexNet's ImageNet weights (torch hub's cache or a download), the path of a local
            file of them, or `"embedded"` for the fixed random network that ships with the package.

    Attributes:
        name: `lpips` for AlexNet, or `lpips_embedded`, whose values do not compare with those of `lpips`.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, weights: str | Path = "torchvision") -> None:
        super().__init__()
        if weights == "embedded":
            self.name = PROTOCOLS["embedded"].lpips
            self.trunk: nn.Module = EmbeddedTrunk()
            heads = [torch.full((1, c, 1, 1), 0.5) for c in EmbeddedTrunk.channels]
            shift, scale = [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]
        else:
            self.name = PROTOCOLS["standard"].lpips
            self.trunk = _AlexNet(None if weights == "torchvision" else weights)
            file = Path(str(files("torchmetrics") / "functional/image/lpips_models/alex.pth"))
            heads = list(read_state_dict(file).values())
            shift, scale = [-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]
        self.register_buffer("shift", torch.tensor(shift).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(scale).view(1, 3, 1, 1))
        for i, head in enumerate(heads):
            self.register_buffer(f"head{i}", head)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> LPIPS:
        return super().train(False)

    def features(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Feature maps scaled so that the distance is the squared difference, summed over channels.

        Args:
            images: in [-1, 1]; values outside are not clamped.
        """
        maps = self.trunk((images - self.shift) / self.scale)
        return [
            f * torch.rsqrt(f.square().sum(1, keepdim=True) + 1e-10) * getattr(self, f"head{i}").sqrt()
            for i, f in enumerate(maps)
        ]

    def forward(self, a: Float[Tensor, "b 3 h w"], b: Float[Tensor, "_ 3 _ _"]) -> Float[Tensor, " b"]:
        """Distance of each pair of images in [-1, 1].

        Raises:
            ValueError: the batches differ in shape.
        """
        check_same_shape(a, b, "images")
        with torch.autocast(a.device.type, enabled=False):
            pairs = zip(self.features(a.float()), self.features(b.float()), strict=True)
            return torch.stack([(f - g).square().sum(1).mean((1, 2)) for f, g in pairs]).sum(0)

    @torch.no_grad()
    def diversity(self, outputs: Float[Tensor, "b n 3 h w"]) -> Float[Tensor, " b"]:
        """Mean distance over all n (n - 1) / 2 pairs of each source's n outputs (45 pairs for 10 outputs).

        Each output goes through the network once, all of a source together: the squared differences of all pairs sum
        to n times the squared deviations from the mean.

        Raises:
            ValueError: fewer than two outputs per source.
        """
        n = outputs.shape[1]
        if n < 2:
            raise ValueError(f"diversity needs at least 2 outputs per source, got {n}")
        with torch.autocast(outputs.device.type, enabled=False):
            spreads = [
                torch.stack([(f - f.mean(0)).square_().sum((0, 1)).mean() for f in self.features(of_source.float())])
                for of_source in outputs
            ]
        pairs = n * (n - 1) / 2
        return n / pairs * torch.stack(spreads).sum(1)


class _AlexNet(nn.Module):
    """The convolutions of torchvision's AlexNet, giving the maps after its ReLUs."""

    def __init__(self, path: str | Path | None) -> None:
        super().__init__()
        with torch.device("meta"):  # the classifier, which has most of the parameters, takes no memory
            network = torchvision.models.alexnet()
        file = weights_file(torchvision.models.AlexNet_Weights.DEFAULT.url, path, "LPIPS", NO_FILE)
        state = {k: v for k, v in read_state_dict(file).items() if k.startswith("features.")}
        self.features = network.features[: _TAPS[-1] + 1].to_empty(device="cpu")
        load_exactly(self, state, source=str(file))
        for layer in self.features:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False  # the maps before it are compared

    def forward(self, x: Tensor) -> list[Tensor]:
        return list(self._maps(x))

    def _maps(self, x: Tensor) -> Iterator[Tensor]:
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in _TAPS:
                yield x
