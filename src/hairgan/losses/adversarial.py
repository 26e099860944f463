"""Adversarial losses of the logits of real or fake images, and the R1 penalty."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def logistic_loss(logits: Float[Tensor, " b"], real: bool) -> Float[Tensor, ""]:
    """Non-saturating logistic loss (Goodfellow et al. 2014): mean softplus(-D) if `real`, else mean softplus(D).

    The discriminator minimizes it with the true value of `real`, the generator with `real=True` on its fakes. It is
    computed as binary cross-entropy with logits, as in StarGAN v2, which differs from softplus by up to 1e-6.
    """
    logits = at_least_single(logits)
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def hinge_loss(logits: Float[Tensor, ...], real: bool) -> Float[Tensor, ""]:
    """The discriminator's hinge loss (Lim & Ye 2017, "Geometric GAN").

    It is mean max(0, 1 - D) if `real`, else mean max(0, 1 + D). The generator's counterpart is -mean D on its fakes.
    """
    logits = at_least_single(logits)
    return torch.relu(1 - logits if real else 1 + logits).mean()


def r1_penalty(logits: Float[Tensor, " b"], images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """R1 (Mescheder et al. 2018, eq. 9) without its weight: half the mean squared norm of dD/dx at real images.

    Args:
        logits: outputs for `images`, computed in float32, with their graph.
        images: real images that require a gradient.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return 0.5 * gradient.pow(2).sum((1, 2, 3)).mean()


def at_least_single(x: Float[Tensor, ...]) -> Float[Tensor, ...]:
    """Convert half precision to float32; leave float32 and float64 unchanged."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
