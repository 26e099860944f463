"""Mean style codes of a dataset: what SEAN paints in a region that the style image does not have.

A region that is absent from the style image has a code of zeros, and in training SEAN never has to paint a region with
such a code. So, as in the published demo, the region gets the mean code of the training images instead.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from hairgan.devices import to_float64
from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.sean import SEANGenerator
from hairgan.regions import NUM_REGIONS


class MeanStyles(ConfiguredNetwork):
    """The mean code of each region over the images that have it; it has no learnable parameters.

    Args:
        num_regions, style_dim: those of the generator.
    """

    codes: Float[Tensor, "r d"]
    """Zero for a region that no image had."""
    counts: Int64[Tensor, " r"]
    """Number of images that had the region."""

    def __init__(self, num_regions: int = NUM_REGIONS, style_dim: int = 512) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(num_regions, style_dim))
        self.register_buffer("counts", torch.zeros(num_regions, dtype=torch.int64))

    def forward(self, styles: Float[Tensor, "b r d"], labels: Int64[Tensor, "b h w"]) -> Float[Tensor, "b r d"]:
        """Style codes of images with these label maps, in which absent regions have their mean code."""
        present = present_regions(labels, len(self.counts))
        return torch.where(present[..., None], styles, self.codes.to(styles))


def present_regions(labels: Int64[Tensor, "b h w"], num_regions: int) -> Bool[Tensor, "b r"]:
    """Which regions have a style code: those with a pixel at half the resolution, at which SEAN encodes styles."""
    regions = torch.arange(num_regions, device=labels.device)
    return (labels[:, ::2, ::2, None] == regions).flatten(1, 2).any(dim=1)


@torch.no_grad()
def mean_styles(
    generator: SEANGenerator, batches: Iterable[tuple[Float[Tensor, "_ 3 _ _"], Int64[Tensor, "_ _ _"]]]
) -> MeanStyles:
    """The mean style codes of a dataset.

    Args:
        generator: SEAN, in evaluation mode.
        batches: images in [-1, 1] and their label maps, on the generator's device.

    Raises:
        ValueError: there are no batches.
    """
    means = MeanStyles(generator.num_regions, generator.style_dim)
    total = torch.zeros_like(means.codes, dtype=torch.float64)
    for images, labels in batches:
        total += to_float64(generator.encode_styles(images, labels)).sum(dim=0).cpu()  # absent regions are zero
        means.counts += present_regions(labels, generator.num_regions).sum(dim=0).cpu()
    if not means.counts.any():
        raise ValueError("mean style codes need at least one image, got 0 batches")
    means.codes.copy_(total / means.counts.clamp(min=1)[:, None])
    return means
