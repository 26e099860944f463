"""StarGAN v2's translations of a dataset's images, each a function of (seed, target domain, image).

They depend neither on batches nor on processes, so the report can show exactly the outputs that were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.evaluation.batches import batches, read
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.registry import Mode
from hairgan.networks.stargan import Encoding, Generator, Masks
from hairgan.randomness import normal, numpy_generator

Styles = Callable[[Int64[ndarray, " b"]], Float[Tensor, "b n style_dim"]]
"""From indices of sources to their n style codes."""


class Translator:
    """StarGAN v2's networks on the images of a split.

    Args:
        networks: `generator`, `mapping_network` and `style_encoder` of `hairgan.networks.stargan`, averaged (EMA).
        data: the images and their domains.
        settings: `split`, `num_outputs`, `seed`, `batch_size`, `device` and `make_masks` are used here.

    Attributes:
        indices: of the images of the split.
        domains: the names of the domains.

    Raises:
        ValueError: fewer than one output per source.
    """

    def __init__(self, networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> None:
        if settings.num_outputs < 1:
            raise ValueError(f"num_outputs must be 1 or more, not {settings.num_outputs}")
        self.generator, self.mapping_network = networks["generator"], networks["mapping_network"]
        self.style_encoder = networks["style_encoder"]
        self.data, self.settings = data, settings
        self.dataset, self.membership = data.dataset, data.membership
        self.domains, self.indices = data.domains.names, data.dataset.split(settings.split)

    def sources(self, target: int, at_most: int | None = None) -> Int64[ndarray, " m"]:
        """Images of the split in some domain but not in the target; a seeded choice if there are more than `at_most`.

        Args:
            target: position of the domain.
        """
        inside = self.membership[self.indices]
        sources = self.indices[~inside[:, target] & inside.any(1)]
        if at_most is not None and len(sources) > at_most:
            purpose = f"evaluation/sources/{self.domains[target]}"
            order = numpy_generator(self.settings.seed, purpose).permutation(len(sources))
            sources = np.sort(sources[order[:at_most]])
        return sources

    def styles(self, mode: Mode, target: int) -> Styles:
        """The styles of a domain: from latent codes, or from references of the split.

        Raises:
            ValueError: the split has no image of the domain to serve as a reference.
        """
        return self._latent_styles(target) if mode == "latent" else self._reference_styles(target)

    @torch.no_grad()
    def __call__(self, indices: Int64[ndarray, " b"], styles: Styles) -> Float[Tensor, "b n 3 h w"]:
        """The n outputs of each source, in [-1, 1]."""
        images, labels = read(self.dataset, indices, self.settings.device)
        masks = None if self.settings.make_masks is None else self.settings.make_masks(images, labels)
        return translate(self.generator, images, styles(indices), masks, at_once=self.settings.batch_size)

    def references(self, target: int) -> Int64[ndarray, " r"]:
        """Images of the split in a domain.

        Raises:
            ValueError: there are none.
        """
        references = self.indices[self.membership[self.indices, target]]
        if not len(references):
            raise ValueError(f"domain {self.domains[target]} has no reference images in split {self.settings.split}")
        return references

    def references_of(self, sources: Int64[ndarray, " b"], target: int) -> Int64[ndarray, "b n"]:
        """The n references of each source; all different if the split has enough."""
        references, purpose = self.references(target), f"evaluation/reference/{self.domains[target]}"
        count = self.settings.num_outputs
        with_repetition = len(references) < count
        return np.stack(
            [
                numpy_generator(self.settings.seed, purpose, int(source)).choice(
                    references, count, replace=with_repetition
                )
                for source in sources
            ]
        )

    def _latent_styles(self, target: int) -> Styles:
        purpose = f"evaluation/latent/{self.domains[target]}"
        shape = (self.settings.num_outputs, self.mapping_network.latent_dim)
        device = self.settings.device

        @torch.no_grad()
        def styles(indices: Int64[ndarray, " b"]) -> Float[Tensor, "b n style_dim"]:
            z = torch.stack([normal(self.settings.seed, purpose, int(index), shape=shape) for index in indices])
            z = z.flatten(0, 1).to(device)  # (b n) latent_dim
            codes = self.mapping_network(z, torch.full((len(z),), target, device=device))
            return codes.unflatten(0, (len(indices), -1))  # b n style_dim

        return styles

    @torch.no_grad()
    def _reference_styles(self, target: int) -> Styles:
        references, device = self.references(target), self.settings.device
        codes = []  # every process encodes all of them, because a reference can serve any source
        for part in batches(references, self.settings.batch_size):
            images, _ = read(self.dataset, part, device)
            codes.append(self.style_encoder(images, torch.full((len(images),), target, device=device)))
        all_codes = torch.cat(codes)  # r style_dim

        def styles(indices: Int64[ndarray, " b"]) -> Float[Tensor, "b n style_dim"]:
            rows = np.searchsorted(references, self.references_of(indices, target))
            return all_codes[torch.from_numpy(rows).to(device)]

        return styles


@torch.no_grad()
def translate(
    generator: Generator,
    images: Float[Tensor, "b 3 h w"],
    codes: Float[Tensor, "b n style_dim"],
    masks: Masks | None = None,
    at_once: int = 1,
) -> Float[Tensor, "b n 3 h w"]:
    """n translations of each image, which is encoded once.

    Args:
        at_once: largest number of outputs that are decoded together; for fewer than b it is b.
    """
    encoding = generator.encode_source(images)
    outputs = []
    for some in codes.split(max(1, at_once // len(images)), dim=1):  # b m style_dim
        times = some.shape[1]

        def repeated(x: Tensor, times: int = times) -> Tensor:
            return x if times == 1 else x.repeat_interleave(times, dim=0)

        skips = {side: repeated(skip) for side, skip in encoding.skips.items()}
        repeated_masks = None if masks is None else (repeated(masks[0]), repeated(masks[1]))
        decoded = generator.decode_styled(
            Encoding(repeated(encoding.features), skips), some.flatten(0, 1), repeated_masks
        )
        outputs.append(decoded.unflatten(0, (len(images), times)))
    return torch.cat(outputs, dim=1)
