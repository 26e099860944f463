"""SEAN's reconstructions and edits of a dataset's images, each a function of the image's position in the split."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.data.packed_dataset import PackedDataset
from hairgan.evaluation.batches import read_labelled
from hairgan.evaluation.outputs import Painted
from hairgan.networks.sean import SEANGenerator
from hairgan.regions import Region


class Painter:
    """SEAN on some images of a dataset. The reference of an image is the next one; that of the last is the first.

    Args:
        generator: SEAN, in evaluation mode.
        dataset: with label maps.
        indices: of the images.
        device: where the generator is.
        edits: whether edits are wanted besides reconstructions.
    """

    def __init__(
        self,
        generator: SEANGenerator,
        dataset: PackedDataset,
        indices: Int64[ndarray, " n"],
        device: torch.device | str,
        edits: bool,
    ) -> None:
        self.generator, self.dataset, self.indices = generator, dataset, indices
        self.device, self.edits = device, edits

    @torch.no_grad()
    def __call__(self, positions: Int64[ndarray, " b"]) -> Painted:
        """The images at some positions among the indices, painted."""
        images, labels = read_labelled(self.dataset, self.indices[positions], self.device)
        layout, styles = self.generator.layout(labels), self.generator.encode_styles(images, labels)
        painted = self.generator.paint(layout, styles)
        if not self.edits:
            return Painted(images, labels, painted, images, labels, painted)
        following = self.indices[(positions + 1) % len(self.indices)]
        references, reference_labels = read_labelled(self.dataset, following, self.device)
        edited = self.generator.paint(layout, with_hair_of(self.generator, styles, references, reference_labels))
        return Painted(images, labels, painted, references, reference_labels, edited)


def with_hair_of(
    generator: SEANGenerator,
    styles: Float[Tensor, "b regions dim"],
    references: Float[Tensor, "b 3 h w"],
    labels: Int64[Tensor, "b h w"],
) -> Float[Tensor, "b regions dim"]:
    """Style codes in which the hair's code is replaced by that of the references."""
    swapped = styles.clone()
    swapped[:, Region.HAIR] = generator.encode_styles(references, labels)[:, Region.HAIR]
    return swapped
