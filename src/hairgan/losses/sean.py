"""The two losses of a SEAN training step (Zhu et al. 2020, section 4, after SPADE and pix2pixHD).

Generator and style encoder learn to reconstruct a face from its own layout and styles; the discriminator sees layout
and image. Callers use `loss.backward(inputs=...)` with the parameters that the phase updates, so that no other
gradients are computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from hairgan.losses.adversarial import at_least_single, hinge_loss
from hairgan.losses.perceptual import VGG19Perceptual
from hairgan.losses.phase import PhaseLoss
from hairgan.networks.sean import Noise, SEANDiscriminator, SEANGenerator

Outputs = list[list[Tensor]]
"""Feature maps of the discriminator's scales, each with its logits last."""


@dataclass(frozen=True)
class SEANWeights:
    """Weights of feature matching and of the perceptual loss; the adversarial loss has 1."""

    lambda_feat: float = 10.0
    lambda_vgg: float = 10.0


def generator_loss(
    generator: SEANGenerator,
    discriminator: SEANDiscriminator,
    images: Float[Tensor, "b 3 h w"],
    labels: Int64[Tensor, "b h w"],
    *,
    weights: SEANWeights = SEANWeights(),
    perceptual: VGG19Perceptual | None = None,
    noise: Noise | None = None,
) -> PhaseLoss:
    """Adversarial hinge loss, feature matching and perceptual loss of reconstructed images.

    Args:
        images: real images in [-1, 1].
        labels: their label maps.
        perceptual: None for a loss without that term.
        noise: noise for ACE (`pixel_noise`), or None.
    """
    fake = generator(labels, generator.encode_styles(images, labels), noise)
    outputs_fake, outputs_real = _discriminate(discriminator, labels, fake, images)
    adversarial = _mean_over_scales([-at_least_single(scale[-1]).mean() for scale in outputs_fake])
    matching = feature_matching_loss(outputs_fake, outputs_real)
    terms = {"adversarial": adversarial, "feature_matching": matching}
    loss = adversarial + weights.lambda_feat * matching
    if perceptual is not None:
        terms["perceptual"] = perceptual(fake, images)
        loss = loss + weights.lambda_vgg * terms["perceptual"]
    return PhaseLoss.of(loss, terms)


def discriminator_loss(
    generator: SEANGenerator,
    discriminator: SEANDiscriminator,
    images: Float[Tensor, "b 3 h w"],
    labels: Int64[Tensor, "b h w"],
    *,
    noise: Noise | None = None,
) -> PhaseLoss:
    """Hinge loss of reconstructed and real images; the fakes are computed again, without a graph.

    Args:
        images: real images in [-1, 1].
        labels: their label maps.
        noise: noise for ACE (`pixel_noise`), or None.
    """
    with torch.no_grad():
        fake = generator(labels, generator.encode_styles(images, labels), noise)
    outputs_fake, outputs_real = _discriminate(discriminator, labels, fake, images)
    on_fake = _mean_over_scales([hinge_loss(scale[-1], real=False) for scale in outputs_fake])
    on_real = _mean_over_scales([hinge_loss(scale[-1], real=True) for scale in outputs_real])
    return PhaseLoss.of(on_fake + on_real, {"fake": on_fake, "real": on_real})


def feature_matching_loss(fake: Outputs, real: Outputs) -> Float[Tensor, ""]:
    """Mean absolute difference of the features, summed over layers, averaged over scales (Wang et al. 2018, eq. 4).

    Only the fake images' features get a gradient; the logits are left out.
    """
    distances = [
        F.l1_loss(at_least_single(f), at_least_single(r.detach()))
        for fake_scale, real_scale in zip(fake, real, strict=True)
        for f, r in zip(fake_scale[:-1], real_scale[:-1], strict=True)
    ]
    return torch.stack(distances).sum() / len(fake)


def _discriminate(
    discriminator: SEANDiscriminator,
    labels: Int64[Tensor, "b h w"],
    fake: Float[Tensor, "b 3 h w"],
    real: Float[Tensor, "b 3 h w"],
) -> tuple[Outputs, Outputs]:
    """The discriminator's outputs for fake and real images of the same layouts, from one forward pass."""
    outputs = discriminator(torch.cat([labels, labels]), torch.cat([fake, real.to(fake.dtype)]))
    half = len(labels)
    return [[f[:half] for f in scale] for scale in outputs], [[f[half:] for f in scale] for scale in outputs]


def _mean_over_scales(values: list[Tensor]) -> Float[Tensor, ""]:
    return torch.stack(values).mean()
