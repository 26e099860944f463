"""The four losses of one StarGAN v2 training step, in order; what they share is computed once.

Choi et al. 2020, "StarGAN v2: Diverse Image Synthesis for Multiple Domains", section 2.2.

A step updates the discriminator twice, then generator, mapping network and style encoder, then the generator alone:

    d_latent, d_reference    real images against fakes in the style of a latent code or a reference image
    g_latent, g_reference    adversarial, style reconstruction, diversity and cycle loss of such fakes

The losses equal those of four independent computations, but cost less, because

- the latent fake of `d_latent` is the one of `g_latent`: only the discriminator changes in between;
- the source is encoded once until the generator changes, as its encoder half does not see the style;
- the second fake of the diversity loss and, in `g_reference`, the three style codes record no graph: the former counts
  as a constant, and only the generator is updated there.

Two fused phases can take the place of the four. They are not what was published, and cost less:

    d_both    real images against both kinds of fakes in one batch
    g_both    the loss of both kinds of fakes in one batch, for generator, mapping network and style encoder

Each loss is the mean of the two that it replaces, at the same weights. So a step has one update of the discriminator
and one of the generator instead of two; the reference fakes come from the generator before its update; real images and
R1 are computed once; and the style encoder also learns from the style and cycle loss of the reference fakes.

Callers use `loss.backward(inputs=...)` with the parameters that the phase updates, so that no other gradients are
computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from hairgan.losses.adversarial import at_least_single, logistic_loss, r1_penalty
from hairgan.losses.phase import PhaseLoss
from hairgan.networks.stargan import Discriminator, Encoding, Generator, MappingNetwork, Masks, StyleEncoder

MakeMasks = Callable[[Tensor, Tensor | None], Masks]
"""From images in [-1, 1] and the label maps of their sources to the masks of the high-pass skip."""


@dataclass(frozen=True)
class StarGANv2Weights:
    """Weights of the terms (eq. 5 of the paper; `lambda_reg` is R1's)."""

    lambda_reg: float = 1.0
    lambda_sty: float = 1.0
    lambda_ds: float = 1.0
    lambda_cyc: float = 1.0

    def with_lambda_ds(self, lambda_ds: float) -> StarGANv2Weights:
        """The same weights at another point of the diversity loss's schedule."""
        return replace(self, lambda_ds=lambda_ds)

    def with_lazy_reg(self, every: int) -> StarGANv2Weights:
        """The same weights for R1 on every N-th step only, where it weighs N times as much."""
        return replace(self, lambda_reg=self.lambda_reg * every)


class StarGANv2Step:
    """The losses of one step on one batch; call the four phases, or the two fused ones, once each, in the order above.

    Args:
        generator, mapping_network, style_encoder, discriminator: the networks.
        x: real images in [-1, 1].
        y_org: their domains.
        x_ref, x_ref2: two reference images of domain `y_trg`.
        y_trg: the domains to translate to.
        z, z2: two latent codes.
        weights: weights of the terms.
        regularize: whether the discriminator's phases have the R1 penalty; off between the steps of lazy
            regularization (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 3.1).
            Their correction of Adam's settings (appendix B) is for penalties that take an optimizer step of their own.
            Here the penalty is part of the loss, and the number of optimizer steps stays the same.
        masks: makes the masks of the high-pass skip: for the sources, and for the second half of the cycle from the
            fakes and the labels of their sources. None for a generator without a skip.
        labels: label maps of `x` for `masks`.
    """

    def __init__(
        self,
        generator: Generator,
        mapping_network: MappingNetwork,
        style_encoder: StyleEncoder,
        discriminator: Discriminator,
        *,
        x: Float[Tensor, "b 3 h w"],
        y_org: Int[Tensor, " b"],
        x_ref: Float[Tensor, "b 3 h w"],
        x_ref2: Float[Tensor, "b 3 h w"],
        y_trg: Int[Tensor, " b"],
        z: Float[Tensor, "b latent_dim"],
        z2: Float[Tensor, "b latent_dim"],
        weights: StarGANv2Weights = StarGANv2Weights(),
        regularize: bool = True,
        masks: MakeMasks | None = None,
        labels: Int[Tensor, "b h w"] | None = None,
    ) -> None:
        self.generator, self.mapping_network = generator, mapping_network
        self.style_encoder, self.discriminator = style_encoder, discriminator
        self.x, self.y_org, self.x_ref, self.x_ref2, self.y_trg = x, y_org, x_ref, x_ref2, y_trg
        self.z, self.z2, self.weights, self.make_masks, self.labels = z, z2, weights, masks, labels
        self.regularize = regularize
        self.masks = self._masks(x)
        self._encoding: Encoding | None = None  # of x, by the generator as it is until `g_latent`
        self._latent: tuple[Tensor, Tensor] | None = None  # style and fake of `d_latent`, for `g_latent`
        self._both: tuple[Tensor, Tensor] | None = None  # styles and fakes of `d_both`, for `g_both`

    def d_latent(self) -> PhaseLoss:
        """The discriminator's loss on fakes in the style of latent codes (eq. 1)."""
        with uncached_autocast(self.x):
            _, fake = self._latent_fake()
            return self._discriminator_loss(fake.detach())

    def d_reference(self) -> PhaseLoss:
        """The discriminator's loss on fakes in the style of reference images (eq. 1)."""
        with uncached_autocast(self.x):
            encoding = self._source().detach()
            with torch.no_grad():
                fake = self.generator.decode_styled(encoding, self.style_encoder(self.x_ref, self.y_trg), self.masks)
            return self._discriminator_loss(fake)

    def g_latent(self) -> PhaseLoss:
        """The loss of generator, mapping network and style encoder on fakes in the style of latent codes (eq. 5)."""
        with uncached_autocast(self.x):
            s, fake = self._latent_fake()
            encoding = self._source().detach()
            self._latent = self._encoding = None  # the generator changes after this phase; frees the graph, too
            with torch.no_grad():
                fake2 = self.generator.decode_styled(encoding, self.mapping_network(self.z2, self.y_trg), self.masks)
            s_org = self.style_encoder(self.x, self.y_org)
            return self._generator_loss(s, fake, fake2, s_org)

    def g_reference(self) -> PhaseLoss:
        """The generator's loss on fakes in the style of reference images (eq. 5)."""
        with uncached_autocast(self.x):
            with torch.no_grad():
                s = self.style_encoder(self.x_ref, self.y_trg)
                s2 = self.style_encoder(self.x_ref2, self.y_trg)
                s_org = self.style_encoder(self.x, self.y_org)
            encoding = self.generator.encode_source(self.x)
            fake = self.generator.decode_styled(encoding, s, self.masks)
            with torch.no_grad():
                fake2 = self.generator.decode_styled(encoding, s2, self.masks)
            return self._generator_loss(s, fake, fake2, s_org)

    def d_both(self) -> PhaseLoss:
        """The mean of the losses of `d_latent` and `d_reference`."""
        with uncached_autocast(self.x):
            _, fakes = self._both_fakes()
            return self._discriminator_loss(fakes.detach())

    def g_both(self) -> PhaseLoss:
        """The mean of the losses of `g_latent` and `g_reference`."""
        with uncached_autocast(self.x):
            s, fakes = self._both_fakes()
            encoding = self._source().detach()
            self._both = self._encoding = None
            with torch.no_grad():
                s2 = torch.cat([self.mapping_network(self.z2, self.y_trg), self.style_encoder(self.x_ref2, self.y_trg)])
                fakes2 = self.generator.decode_styled(encoding.twice(), s2, self._masks_twice())
            return self._generator_loss(s, fakes, fakes2, self.style_encoder(self.x, self.y_org))

    def _discriminator_loss(self, fake: Tensor) -> PhaseLoss:
        fake_loss = logistic_loss(self.discriminator(fake, self._repeated(self.y_trg, fake)), real=False)
        if not self.regularize:
            real = logistic_loss(self.discriminator(self.x, self.y_org), real=True)
            return PhaseLoss.of(real + fake_loss, {"real": real, "fake": fake_loss})
        # R1 is differentiated twice, which needs float32: so do the real images' logits
        with torch.autocast(self.x.device.type, enabled=False):
            x = at_least_single(self.x.detach()).requires_grad_()
            logits = self.discriminator.forward(x, self.y_org)  # `forward` is not compiled, even if the network is
            real, reg = logistic_loss(logits, real=True), r1_penalty(logits, x)
        loss = real + fake_loss + self.weights.lambda_reg * reg
        return PhaseLoss.of(loss, {"real": real, "fake": fake_loss, "reg": reg})

    def _generator_loss(self, s: Tensor, fake: Tensor, fake2: Tensor, s_org: Tensor) -> PhaseLoss:
        y_trg, s_org, x = (self._repeated(value, fake) for value in (self.y_trg, s_org, self.x))
        adv = logistic_loss(self.discriminator(fake, y_trg), real=True)
        sty = mean_distance(self.style_encoder(fake, y_trg), s)  # eq. 2; s is not detached
        ds = mean_distance(fake, fake2)  # eq. 3, maximized
        cyc = mean_distance(self.generator(fake, s_org, self._masks(fake)), x)  # eq. 4
        w = self.weights
        loss = adv + w.lambda_sty * sty - w.lambda_ds * ds + w.lambda_cyc * cyc
        return PhaseLoss.of(loss, {"adv": adv, "sty": sty, "ds": ds, "cyc": cyc})

    def _source(self) -> Encoding:
        if self._encoding is None:
            self._encoding = self.generator.encode_source(self.x)
        return self._encoding

    def _latent_fake(self) -> tuple[Tensor, Tensor]:
        if self._latent is None:
            s = self.mapping_network(self.z, self.y_trg)
            self._latent = s, self.generator.decode_styled(self._source(), s, self.masks)
        return self._latent

    def _both_fakes(self) -> tuple[Tensor, Tensor]:
        """Styles and fakes of the two kinds, latent ones first; the reference's styles count as constants."""
        if self._both is None:
            with torch.no_grad():
                s_reference = self.style_encoder(self.x_ref, self.y_trg)
            s = torch.cat([self.mapping_network(self.z, self.y_trg), s_reference])
            self._both = s, self.generator.decode_styled(self._source().twice(), s, self._masks_twice())
        return self._both

    def _repeated(self, value: Tensor, fake: Tensor) -> Tensor:
        """What belongs to the sources, as often as there are fakes of each."""
        return value if len(fake) == len(value) else torch.cat([value] * (len(fake) // len(value)))

    def _masks_twice(self) -> Masks | None:
        if self.masks is None:
            return None
        return torch.cat([self.masks[0]] * 2), torch.cat([self.masks[1]] * 2)

    @torch.no_grad()
    def _masks(self, images: Tensor) -> Masks | None:
        if self.make_masks is None:
            return None
        labels = None if self.labels is None else self._repeated(self.labels, images)
        return self.make_masks(images.detach(), labels)


def mean_distance(a: Tensor, b: Tensor) -> Float[Tensor, ""]:
    """L1 distance, averaged over all elements."""
    return F.l1_loss(at_least_single(a), at_least_single(b))


@contextmanager
def uncached_autocast(x: Tensor) -> Iterator[None]:
    """The current autocast settings, without the cache of converted weights.

    Inside one autocast context the cache survives optimizer steps, and holds weights that were converted without
    gradients.
    """
    device = x.device.type
    enabled, dtype = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)
    with torch.autocast(device, dtype=dtype, enabled=enabled, cache_enabled=False):
        yield
