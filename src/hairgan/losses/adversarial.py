"""Adversarial losses: of logits, real or fake, and the penalties that go with them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def logistic_loss(logits: Float[Tensor, " b"], real: bool) -> Float[Tensor, ""]:
    """Non-saturating logistic loss (Goodfellow et al. 2014): mean softplus(-D) if `real`, else mean softplus(D).

    Minimized by the discriminator with the truth, and by the generator with `real=True` for its fakes. Evaluated as
    binary cross-entropy with logits, as StarGAN v2 does: that form and a direct softplus differ by up to 1e-6.
    """
    logits = at_least_single(logits)
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def hinge_loss(logits: Float[Tensor, ...], real: bool) -> Float[Tensor, ""]:
    """The discriminator's hinge loss (Lim & Ye 2017, "Geometric GAN"): mean max(0, 1 - D) if `real`, else of 1 + D.

    The generator's side of it is -mean D of its fakes.
    """
    logits = at_least_single(logits)
    return torch.relu(1 - logits if real else 1 + logits).mean()


def r1_penalty(logits: Float[Tensor, " b"], images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """R1 (Mescheder et al. 2018, eq. 9) without its weight: half the mean squared norm of dD/dx at real images.

    Args:
        logits: outputs for `images`, computed in float32 and with their graph.
        images: real images that require a gradient.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return 0.5 * gradient.pow(2).sum((1, 2, 3)).mean()


def at_least_single(x: Float[Tensor, ...]) -> Float[Tensor, ...]:
    """Half precision becomes float32; float32 and float64 stay."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
