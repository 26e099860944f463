"""Translations of a dataset's images into hair domains, each a function of (seed, domain, image).

They depend neither on batches nor on processes, so that pictures can show the very outputs that were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.data.packed import PackedDataset
from hairgan.losses.stargan import MakeMasks
from hairgan.metrics.batches import batches, read
from hairgan.networks.stargan import Generator, MappingNetwork, Masks, StyleEncoder
from hairgan.randomness import normal, numpy_generator

Mode = Literal["latent", "reference"]

Styles = Callable[[Int64[ndarray, " b"]], Float[Tensor, "b n style_dim"]]
"""Style codes of sources, n for each."""


class Translator:
    """StarGAN v2's networks on the images of a split.

    Args:
        generator, mapping_network, style_encoder: averaged (EMA) networks of `hairgan.networks.stargan`.
        dataset: the images.
        domains: the K names.
        membership: which image is in which domain.
        num_outputs: outputs per source.
        split: where sources and references are from.
        seed: of latent codes and choices.
        batch_size: images at a time.
        make_masks: masks of source images and their label maps for the generator's high-pass skip.

    Raises:
        ValueError: fewer than one output.
    """

    def __init__(
        self,
        generator: Generator,
        mapping_network: MappingNetwork,
        style_encoder: StyleEncoder,
        dataset: PackedDataset,
        domains: Sequence[str],
        membership: Bool[ndarray, "n k"],
        *,
        num_outputs: int = 10,
        split: str = "val",
        seed: int = 0,
        batch_size: int = 32,
        device: torch.device | str = "cpu",
        make_masks: MakeMasks | None = None,
    ) -> None:
        if num_outputs < 1:
            raise ValueError(f"num_outputs must be 1 or more, not {num_outputs}")
        self.generator, self.mapping_network, self.style_encoder = generator, mapping_network, style_encoder
        self.dataset, self.domains, self.membership = dataset, tuple(domains), membership
        self.num_outputs, self.seed, self.batch_size, self.device = num_outputs, seed, batch_size, device
        self.split, self.indices, self.make_masks = split, dataset.split(split), make_masks

    def sources(self, target: int, at_most: int | None = None) -> Int64[ndarray, " m"]:
        """Images of the split in some domain, but not in the target; a seeded choice where they are too many."""
        inside = self.membership[self.indices]
        sources = self.indices[~inside[:, target] & inside.any(1)]
        if at_most is not None and len(sources) > at_most:
            order = numpy_generator(self.seed, f"evaluation/sources/{self.domains[target]}").permutation(len(sources))
            sources = np.sort(sources[order[:at_most]])
        return sources

    def styles(self, mode: Mode, target: int) -> Styles:
        """Where the styles of a domain come from: latent codes, or references of the split.

        Raises:
            ValueError: the split has no image of the domain to refer to.
        """
        return self._latent(target) if mode == "latent" else self._reference(target)

    @torch.no_grad()
    def __call__(self, indices: Int64[ndarray, " b"], styles: Styles) -> Float[Tensor, "b n 3 h w"]:
        """The outputs of some sources."""
        images, labels = read(self.dataset, indices, self.device)
        masks = None if self.make_masks is None else self.make_masks(images, labels)
        return translate(self.generator, images, styles(indices), masks)

    def _latent(self, target: int) -> Styles:
        purpose, shape = (
            f"evaluation/latent/{self.domains[target]}",
            (self.num_outputs, self.mapping_network.latent_dim),
        )

        @torch.no_grad()
        def styles(indices: Int64[ndarray, " b"]) -> Float[Tensor, "b n style_dim"]:
            z = torch.stack([normal(self.seed, purpose, int(i), shape=shape) for i in indices])
            z = z.flatten(0, 1).to(self.device)
            codes = self.mapping_network(z, torch.full((len(z),), target, device=self.device))
            return codes.unflatten(0, (len(indices), -1))

        return styles

    def references(self, target: int) -> Int64[ndarray, " r"]:
        """Images of the split in a domain.

        Raises:
            ValueError: there are none.
        """
        references = self.indices[self.membership[self.indices, target]]
        if not len(references):
            raise ValueError(f"domain {self.domains[target]} has no reference images in split {self.split}")
        return references

    def choices(self, target: int, indices: Int64[ndarray, " b"]) -> Int64[ndarray, "b n"]:
        """The references of some sources."""
        references, purpose = self.references(target), f"evaluation/reference/{self.domains[target]}"
        few = len(references) < self.num_outputs
        return np.stack(
            [
                numpy_generator(self.seed, purpose, int(i)).choice(references, self.num_outputs, replace=few)
                for i in indices
            ]
        )

    @torch.no_grad()
    def _reference(self, target: int) -> Styles:
        references = self.references(target)
        codes = torch.cat(  # on every process all of them: a reference may serve any source
            [
                self.style_encoder(images, torch.full((len(images),), target, device=self.device))
                for images, _ in (
                    read(self.dataset, part, self.device) for part in batches(references, self.batch_size)
                )
            ]
        )

        def styles(indices: Int64[ndarray, " b"]) -> Float[Tensor, "b n style_dim"]:
            rows = np.searchsorted(references, self.choices(target, indices))
            return codes[torch.from_numpy(rows).to(self.device)]

        return styles


@torch.no_grad()
def translate(
    generator: Generator,
    images: Float[Tensor, "b 3 h w"],
    codes: Float[Tensor, "b n style_dim"],
    masks: Masks | None = None,
) -> Float[Tensor, "b n 3 h w"]:
    """n translations of each image, which is encoded once."""
    encoding = generator.encode_source(images)
    return torch.stack([generator.decode_styled(encoding, s, masks) for s in codes.unbind(1)], dim=1)
