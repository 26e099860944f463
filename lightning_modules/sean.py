"""SEAN (Zhu et al. 2020): how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from torch import nn
from torch.optim import Optimizer

from hairgan.data.augment import to_bytes
from hairgan.data.requirements import Images, LabelMaps
from hairgan.losses.perceptual import VGG19Perceptual
from hairgan.losses.phase import PhaseLoss
from hairgan.losses.sean import SEANWeights, discriminator_loss, generator_loss
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.reconstruction import Reconstruction
from hairgan.networks.sean import Noise, SEANDiscriminator, SEANGenerator, pixel_noise
from hairgan.pictures import sheet
from hairgan.regions import Region, colorize
from lightning_modules.base import PhasedModule
from lightning_modules.phase import Phase


class SEANModule(PhasedModule):
    """Two phases per step, as published: the generator with its style encoder, then the discriminator.

    The discriminator gets new images from the updated generator. Images are reconstructed from their own layout and
    styles.

    Args:
        generator, discriminator: the networks (`hairgan.networks.sean`).
        optimizers: one function per network; with different learning rates this is TTUR (Heusel et al. 2017).
        lambda_feat, lambda_vgg: weights of feature matching and of the perceptual loss.
        perceptual: the VGG19 loss; None leaves it out.
        ema: decay of the generator's average; None keeps none, as published.
        noise: whether ACE adds noise during training, as published.
        schedule: factor on the learning rates as a function of the step.
        seed: the run's seed.
    """

    needs: ClassVar = {
        "generator": ("image_size", "num_regions", "style_dim", "encode_styles", "layout", "paint"),
    }

    requires = (LabelMaps("to paint from"), Images("val"))

    def __init__(
        self,
        generator: SEANGenerator,
        discriminator: SEANDiscriminator,
        *,
        optimizers: dict[str, Callable[[Any], Optimizer]],
        lambda_feat: float = 10.0,
        lambda_vgg: float = 10.0,
        perceptual: VGG19Perceptual | None = None,
        ema: float | None = 0.999,
        noise: bool = True,
        schedule: Callable[[int], float] | None = None,
        seed: int = 0,
    ) -> None:
        networks = {"generator": generator, "discriminator": discriminator}
        averaged = () if ema is None else ("generator",)
        super().__init__(networks, optimizers, seed=seed, schedule=schedule, ema=averaged, ema_decay=ema or 0.0)
        self.weights = SEANWeights(lambda_feat, lambda_vgg)
        self.perceptual, self.noise = perceptual, noise
        self.scores = Reconstruction(LPIPS("embedded"))

    def phases(self, batch: dict[str, Any]) -> Iterator[Phase]:
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        images, labels = batch["images"], batch["labels"]

        def paint() -> PhaseLoss:
            noise = self._noise(batch, phase=0)
            return generator_loss(
                generator, discriminator, images, labels, weights=self.weights, perceptual=self.perceptual, noise=noise
            )

        def judge() -> PhaseLoss:
            return discriminator_loss(generator, discriminator, images, labels, noise=self._noise(batch, phase=1))

        yield Phase("g", paint, ("generator",))
        yield Phase("d", judge, ("discriminator",))

    def blocks(self) -> list[nn.Module]:
        return list(self.networks["generator"].blocks.values())

    def _noise(self, batch: dict[str, Any], phase: int) -> Noise | None:
        if not self.noise:
            return None
        return pixel_noise(self.seed, batch["step"], phase, batch=batch["global_batch"], first=batch["first_row"])

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        generator = self.averaged("generator")
        self.scores.update(
            generator(batch["labels"], generator.encode_styles(batch["images"], batch["labels"])), batch["images"]
        )

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`painting`: sources, label maps, reconstructions, and each image with the hair style code of the next."""
        generator = self.averaged("generator")
        images, labels = batch["images"], batch["labels"]
        layout = generator.layout(labels)
        styles = generator.encode_styles(images, labels)
        swapped = styles.clone()
        swapped[:, Region.HAIR] = styles[:, Region.HAIR].roll(-1, dims=0)
        painted = [generator.paint(layout, codes) for codes in (styles, swapped)]
        rows = [
            list(to_bytes(images).cpu().numpy()),
            [colorize(each) for each in labels.cpu().numpy()],
            *(list(to_bytes(each).cpu().numpy()) for each in painted),
        ]
        return {"painting": sheet(rows, ["source", "labels", "reconstruction", "hair of the next"])}
