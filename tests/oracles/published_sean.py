"""SEAN's training iteration written plainly from the formulas (Zhu et al. 2020, section 4): the oracle for ours.

The generator is `SEANLoop`; the discriminator and the losses are here. State dicts are in the published layout.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.losses.perceptual import VGG19Perceptual
from tests.oracles.sean_loop import SEANLoop, one_hot

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.nn.utils import spectral_norm  # the classic one, whose keys the published files have


class PatchLoop(nn.Module):
    """The discriminator of one scale; attributes are named as the published keys."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()

        def normalized(narrow: int, wide: int) -> nn.Module:
            conv = spectral_norm(nn.Conv2d(narrow, wide, 4, stride=2, padding=2, bias=False))
            return nn.Sequential(nn.Sequential(conv, nn.InstanceNorm2d(wide)), nn.LeakyReLU(0.2))

        self.model0 = nn.Sequential(nn.Conv2d(channels, width, 4, stride=2, padding=2), nn.LeakyReLU(0.2))
        self.model1 = normalized(width, 2 * width)
        self.model2 = normalized(2 * width, 4 * width)
        self.model3 = nn.Sequential(nn.Conv2d(4 * width, 1, 4, stride=1, padding=2))

    def forward(self, x: Tensor) -> list[Tensor]:
        outputs = []
        for layer in (self.model0, self.model1, self.model2, self.model3):
            x = layer(x)
            outputs.append(x)
        return outputs


class SEANLoopDiscriminator(nn.Module):
    """Two scales, the second on images of half the size."""

    def __init__(self, width: int = 64, num_regions: int = 19) -> None:
        super().__init__()
        self.num_regions = num_regions
        self.discriminator_0 = PatchLoop(num_regions + 3, width)
        self.discriminator_1 = PatchLoop(num_regions + 3, width)

    def forward(self, labels: Tensor, images: Tensor) -> list[list[Tensor]]:
        x = torch.cat([one_hot(labels, self.num_regions), images], dim=1)
        smaller = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return [self.discriminator_0(x), self.discriminator_1(smaller)]


class PublishedSEANIteration:
    """The two phases of one training iteration in the published form.

    Args:
        generator, discriminator: the networks.
        images, labels: real images in [-1, 1] and their label maps.
        perceptual: VGG19 with its distances, or None.
        noise: whether ACE adds noise.
    """

    def __init__(
        self,
        generator: SEANLoop,
        discriminator: SEANLoopDiscriminator,
        images: Tensor,
        labels: Tensor,
        perceptual: VGG19Perceptual | None = None,
        noise: bool = False,
    ) -> None:
        self.generator, self.discriminator, self.perceptual = generator, discriminator, perceptual
        self.images, self.labels, self.noise = images, labels, noise

    def fake(self) -> Tensor:
        draws = None
        if self.noise:
            sides = self.generator.normalization_sides()
            draws = [torch.randn(len(self.images), side, side, device=self.images.device) for side in sides]
        return self.generator(self.labels, self.generator.encode_styles(self.images, self.labels), draws)

    def outputs(self, fake: Tensor) -> tuple[list[list[Tensor]], list[list[Tensor]]]:
        """The discriminator's feature maps of fake and real images by scale, from one forward pass."""
        both = self.discriminator(torch.cat([self.labels, self.labels]), torch.cat([fake, self.images]))
        half = len(fake)
        return [[f[:half] for f in scale] for scale in both], [[f[half:] for f in scale] for scale in both]

    def generator_loss(self) -> tuple[Tensor, dict[str, Tensor]]:
        fake = self.fake()
        on_fake, on_real = self.outputs(fake)
        terms = {"adversarial": sum(-scale[-1].mean() for scale in on_fake) / len(on_fake)}
        matching = torch.zeros((), device=fake.device, dtype=fake.dtype)
        for fakes, reals in zip(on_fake, on_real, strict=True):
            for f, r in zip(fakes[:-1], reals[:-1], strict=True):
                matching = matching + (f - r.detach()).abs().mean() / len(on_fake)
        terms["feature_matching"] = matching
        if self.perceptual is not None:
            terms["perceptual"] = self.perceptual(fake, self.images)
        return terms["adversarial"] + 10.0 * (matching + terms.get("perceptual", 0.0)), terms

    def discriminator_loss(self) -> tuple[Tensor, dict[str, Tensor]]:
        with torch.no_grad():
            fake = self.fake()
        on_fake, on_real = self.outputs(fake)
        terms = {
            "fake": sum(torch.relu(1 + scale[-1]).mean() for scale in on_fake) / len(on_fake),
            "real": sum(torch.relu(1 - scale[-1]).mean() for scale in on_real) / len(on_real),
        }
        return terms["fake"] + terms["real"], terms

    def run_by_phase(self, optimizers: dict[str, torch.optim.Optimizer]) -> Iterator[tuple[str, dict[str, float]]]:
        """One iteration: both phases with their optimizer steps; after each its name and its terms."""
        for phase, loss_of, updated in (
            ("g", self.generator_loss, "generator"),
            ("d", self.discriminator_loss, "discriminator"),
        ):
            loss, named = loss_of()
            optimizers[updated].zero_grad()
            loss.backward()
            optimizers[updated].step()
            yield phase, {name: float(term.detach()) for name, term in named.items()}
