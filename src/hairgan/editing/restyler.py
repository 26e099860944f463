"""The networks of StarGAN v2 as an editor uses them: styles of domains and of portraits, and heads in a style."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from hairgan import randomness
from hairgan.networks.fan import FAN
from hairgan.networks.region_masks import region_masks
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder

MEAN_SAMPLES = 10_000
"""Latent codes over which a domain's mean style is taken, as in the published code."""


class Restyler:
    """StarGAN v2; what a missing network is needed for is refused.

    Args:
        generator: makes the rough heads.
        mapping: latent codes to styles; None where only references are used.
        encoder: portraits to styles; None where only domains are used.
        fan: makes the masks of a generator's high-pass skip; without it they are made from label maps.
        domains: the names of the networks' heads, in order.

    Raises:
        ValueError: the networks are of different sizes, or have different numbers of domains.
    """

    def __init__(
        self,
        generator: Generator,
        mapping: MappingNetwork | None,
        encoder: StyleEncoder | None,
        fan: FAN | None,
        domains: Sequence[str],
    ) -> None:
        if encoder is not None and encoder.image_size != generator.image_size:
            raise ValueError(
                f"style encoder for {encoder.image_size} px beside a generator for {generator.image_size} px"
            )
        for network in (mapping, encoder):
            if network is not None and domains and network.num_domains != len(domains):
                raise ValueError(
                    f"{type(network).__name__} has {network.num_domains} domains, {len(domains)} are named"
                )
        self.generator, self.mapping, self.encoder, self.fan = generator, mapping, encoder, fan
        heads = next((network.num_domains for network in (mapping, encoder) if network is not None), 0)
        self.domains = tuple(domains) or tuple(str(i) for i in range(heads))
        self._means: dict[int, Tensor] = {}

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return self.generator.image_size

    def domain(self, name: str) -> int:
        """The number of a domain's head.

        Raises:
            ValueError: there is no such domain.
        """
        if name not in self.domains:
            raise ValueError(f"there is no domain '{name}'; the networks know {', '.join(self.domains)}")
        return self.domains.index(name)

    def style_of_domain(self, name: str, seed: int = 0, psi: float = 1.0) -> Float[Tensor, " style"]:
        """The style of a domain that belongs to a seed, moved towards the domain's mean by truncation.

        Args:
            psi: 1 for the style as drawn, 0 for the mean.

        Raises:
            ValueError: no such domain, or no mapping network.
        """
        if self.mapping is None:
            raise ValueError("styles by domain need the mapping network, which is not in the bundle")
        domain = self.domain(name)
        latents = randomness.normal(seed, "restyle", shape=(1, self.mapping.latent_dim))
        style = self._map(latents, domain)[0]
        if psi == 1:
            return style
        if domain not in self._means:
            many = randomness.normal(0, "mean style", shape=(MEAN_SAMPLES, self.mapping.latent_dim))
            self._means[domain] = torch.stack([self._map(z, domain).mean(0) for z in torch.split(many, 1000)]).mean(0)
        return self._means[domain].lerp(style, psi)

    def style_of_images(self, images: Float[Tensor, "b 3 s s"], name: str) -> Float[Tensor, "b style"]:
        """The styles of portraits as a domain's head sees them.

        Raises:
            ValueError: no such domain, or no style encoder.
        """
        if self.encoder is None:
            raise ValueError("styles of photos need the style encoder, which is not in the bundle")
        return self.encoder(images, torch.full((len(images),), self.domain(name), device=images.device))

    def __call__(
        self, images: Float[Tensor, "b 3 s s"], styles: Float[Tensor, "b style"], labels: Int64[Tensor, "b s s"]
    ) -> Float[Tensor, "b 3 s s"]:
        """Rough heads of portraits in the given styles.

        Args:
            labels: the portraits' label maps.
        """
        masks = None
        if self.generator.w_hpf > 0:
            masks = region_masks(images, labels) if self.fan is None else self.fan.masks(images)
        return self.generator(images, styles, masks)

    def _map(self, latents: Float[Tensor, "b latent"], domain: int) -> Float[Tensor, "b style"]:
        assert self.mapping is not None
        device = next(self.mapping.parameters()).device
        return self.mapping(latents.to(device), torch.full((len(latents),), domain, device=device))
