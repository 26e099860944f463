"""The four models for benchmarks: networks, batches, losses and optimizers, in the plain form and as shipped.

The plain forms are the tests' oracles, which are held equal to the shipped ones by `tests/unit/benchmarks`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hairgan.hair_attributes import HEADS
from hairgan.losses.classification import masked_cross_entropies
from hairgan.losses.perceptual import VGG19Perceptual
from hairgan.losses.phase import PhaseLoss
from hairgan.losses.sean import discriminator_loss, generator_loss
from hairgan.losses.segmentation import bisenet_loss
from hairgan.losses.stargan import StarGANv2Step
from hairgan.networks.compilation import compile_network
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.region_masks import region_masks
from hairgan.networks.sean import SEANDiscriminator, SEANGenerator, pixel_noise
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.optimizers import bisenet_parameter_groups
from hairgan.regions import NUM_REGIONS, Region
from hairgan.weights.official import from_official
from tests.oracles.plain_losses import plain_bisenet_loss, plain_classifier_loss
from tests.oracles.published_sean import PublishedSEANIteration, SEANLoopDiscriminator
from tests.oracles.published_stargan import PublishedIteration, averages, published_optimizers
from tests.oracles.sean_loop import SEANLoop, settle_spectral_norm

DOMAINS = 7
Networks = dict[str, nn.Module]
Batch = dict[str, Tensor]
PhaseOf = tuple[str, Callable[[], PhaseLoss], tuple[str, ...]]
"""A phase: its name, its loss, and the networks that it updates."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of the images and networks.

    Attributes:
        image: side of the images in pixels.
        batch: images in a batch.
        tiny: very small networks; otherwise the published widths.
        portraits: drawn people, with their label maps; otherwise noise with crude label maps, which is enough on a GPU.
    """

    image: int = 256
    batch: int = 8
    tiny: bool = False
    portraits: bool = False


class Model:
    """A model family: its networks, batches, losses and optimizers."""

    name: ClassVar[str]
    averaged: ClassVar[tuple[str, ...]] = ()

    def __init__(self, sizes: Sizes, device: torch.device) -> None:
        self.sizes, self.device = sizes, device

    def networks(self) -> Networks:
        """New networks in training mode, the same at every call."""
        raise NotImplementedError

    def batch(self) -> Batch:
        """A batch, the same at every call."""
        raise NotImplementedError

    def phases(self, networks: Networks, batch: Batch, step: int) -> list[PhaseOf]:
        """The phases of a shipped step."""
        raise NotImplementedError

    def optimizers(self, networks: Networks, **options: Any) -> dict[str, torch.optim.Optimizer]:
        """One optimizer per network, as `conf/` sets it."""
        raise NotImplementedError

    def compile(self, networks: Networks) -> None:
        """Compile the networks in place, as the training module does."""
        for network in networks.values():
            compile_network(network, dynamic=False)

    def plain_step(self) -> Callable[[], Iterator[tuple[str, dict[str, float]]]]:
        """A function that runs a step in the plain form; after each phase come its name and its terms."""
        raise NotImplementedError


class StarGAN(Model):
    """StarGAN v2 with seven domains and the high-pass skip, whose masks are made from label maps."""

    name = "stargan"
    averaged = ("generator", "mapping_network", "style_encoder")
    domains = DOMAINS

    def networks(self) -> Networks:
        torch.manual_seed(0)
        size, widths = self.sizes.image, {"base_width": 4, "max_width": 16} if self.sizes.tiny else {}
        with torch.device(self.device):
            return {
                "generator": Generator(size, w_hpf=1.0, **widths),
                "mapping_network": MappingNetwork(self.domains, hidden_dim=32 if self.sizes.tiny else 512),
                "style_encoder": StyleEncoder(size, self.domains, **widths),
                "discriminator": Discriminator(size, self.domains, **widths),
            }

    def batch(self) -> Batch:
        torch.manual_seed(1)
        size, rows = self.sizes.image, self.sizes.batch
        x, x_ref, x_ref2 = torch.rand(3, rows, 3, size, size) * 2 - 1
        y_org, y_trg = torch.randint(0, self.domains, (2, rows))
        z, z2 = torch.randn(2, rows, 16)
        batch = {"x": x, "x_ref": x_ref, "x_ref2": x_ref2, "y_org": y_org, "y_trg": y_trg, "z": z, "z2": z2}
        batch["labels"] = face_like_labels(rows, size)
        return {name: value.to(self.device) for name, value in batch.items()}

    def phases(self, networks: Networks, batch: Batch, step: int) -> list[PhaseOf]:
        losses = StarGANv2Step(**networks, **batch, masks=region_masks)  # type: ignore[arg-type]
        return [
            ("d_latent", losses.d_latent, ("discriminator",)),
            ("d_reference", losses.d_reference, ("discriminator",)),
            ("g_latent", losses.g_latent, ("generator", "mapping_network", "style_encoder")),
            ("g_reference", losses.g_reference, ("generator",)),
        ]

    def optimizers(self, networks: Networks, **options: Any) -> dict[str, torch.optim.Optimizer]:
        return published_optimizers(networks, **options)

    def plain_step(self) -> Callable[[], Iterator[tuple[str, dict[str, float]]]]:
        networks, batch = self.networks(), self.batch()
        labels = batch.pop("labels")
        optimizers, ema = published_optimizers(networks, foreach=False), averages(networks)

        def masks(images: Tensor) -> Any:
            return region_masks(images, labels)

        def step() -> Iterator[tuple[str, dict[str, float]]]:
            inputs = {name: value.detach() for name, value in batch.items()}
            yield from PublishedIteration(networks, inputs, 1.0, masks).run_by_phase(optimizers, ema)

        return step


class SEAN(Model):
    """SEAN with its style encoder, VGG19 (random weights) as the perceptual loss, and noise in ACE."""

    name = "sean"
    averaged = ("generator",)

    def __init__(self, sizes: Sizes, device: torch.device) -> None:
        super().__init__(sizes, device)
        self._perceptual: VGG19Perceptual | None = None
        self._networks: Networks | None = None

    def published_networks(self) -> tuple[SEANLoop, SEANLoopDiscriminator]:
        torch.manual_seed(0)
        with torch.device(self.device):
            if self.sizes.tiny:
                loop, judge = SEANLoop(self.sizes.image, 2, style_dim=8), SEANLoopDiscriminator(4)
            else:
                loop, judge = SEANLoop(self.sizes.image), SEANLoopDiscriminator()
        for network in (loop, judge):
            settle_spectral_norm(network)
        return loop.train(), judge.train()

    def networks(self) -> Networks:
        if self._networks is None:  # slow to build, fast to copy
            loop, judge = self.published_networks()
            with torch.device(self.device):
                generator = from_official("sean/generator", loop.state_dict(), image_size=self.sizes.image)
                discriminator = from_official("sean/discriminator", judge.state_dict())
            self._networks = {"generator": generator, "discriminator": discriminator}
        kind = torch.get_default_dtype()  # stored weights are float32
        return {name: copy.deepcopy(each).to(self.device, kind).train() for name, each in self._networks.items()}

    def perceptual(self) -> VGG19Perceptual:
        if self._perceptual is None:
            torch.manual_seed(2)
            self._perceptual = VGG19Perceptual("random").to(self.device, torch.get_default_dtype())
        return self._perceptual

    def batch(self) -> Batch:
        images, labels = faces(self.sizes)
        return {"images": images.to(self.device), "labels": labels.to(self.device)}

    def phases(self, networks: Networks, batch: Batch, step: int) -> list[PhaseOf]:
        generator, discriminator = networks["generator"], networks["discriminator"]
        assert isinstance(generator, SEANGenerator) and isinstance(discriminator, SEANDiscriminator)
        images, labels, rows = batch["images"], batch["labels"], self.sizes.batch
        perceptual = self.perceptual()

        def paint() -> PhaseLoss:
            noise = pixel_noise(0, step, 0, batch=rows)
            return generator_loss(generator, discriminator, images, labels, perceptual=perceptual, noise=noise)

        def judge() -> PhaseLoss:
            return discriminator_loss(
                generator, discriminator, images, labels, noise=pixel_noise(0, step, 1, batch=rows)
            )

        return [("g", paint, ("generator",)), ("d", judge, ("discriminator",))]

    def optimizers(self, networks: Networks, **options: Any) -> dict[str, torch.optim.Optimizer]:
        rates = {"generator": 1e-4, "discriminator": 4e-4}
        return {
            name: torch.optim.Adam(network.parameters(), lr=rates[name], betas=(0.0, 0.9), **options)
            for name, network in networks.items()
        }

    def plain_step(self) -> Callable[[], Iterator[tuple[str, dict[str, float]]]]:
        generator, discriminator = self.published_networks()
        batch, perceptual = self.batch(), self.perceptual()
        networks: Networks = {"generator": generator, "discriminator": discriminator}
        optimizers = self.optimizers(networks, foreach=False)
        iteration = PublishedSEANIteration(
            generator, discriminator, batch["images"], batch["labels"], perceptual, noise=True
        )
        return lambda: iteration.run_by_phase(optimizers)


class FaceParser(Model):
    """BiSeNet. The plain form has the same network and sorts the losses of all pixels."""

    name = "face_parser"

    def networks(self) -> Networks:
        torch.manual_seed(0)
        with torch.device(self.device):
            return {"parser": BiSeNet(18, 8 if self.sizes.tiny else 64)}

    def batch(self) -> Batch:
        images, labels = faces(self.sizes)
        return {"images": images.to(self.device), "labels": labels.to(self.device)}

    def phases(self, networks: Networks, batch: Batch, step: int) -> list[PhaseOf]:
        parser = networks["parser"]

        def loss() -> PhaseLoss:
            total = bisenet_loss(parser.with_auxiliary(batch["images"]), batch["labels"])  # type: ignore[operator]
            return PhaseLoss.of(total, {"cross_entropy": total})

        return [("parse", loss, ("parser",))]

    def optimizers(self, networks: Networks, **options: Any) -> dict[str, torch.optim.Optimizer]:
        parser = networks["parser"]
        assert isinstance(parser, BiSeNet)
        groups = bisenet_parameter_groups(parser)
        options.pop("capturable", None)  # SGD keeps nothing on the host
        return {"parser": torch.optim.SGD(groups, lr=1e-2, momentum=0.9, **options)}

    def plain_step(self) -> Callable[[], Iterator[tuple[str, dict[str, float]]]]:
        networks, batch = self.networks(), self.batch()
        optimizer = self.optimizers(networks, foreach=False)["parser"]

        def step() -> Iterator[tuple[str, dict[str, float]]]:
            loss = plain_bisenet_loss(networks["parser"].with_auxiliary(batch["images"]), batch["labels"])  # type: ignore[operator]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield "parse", {"cross_entropy": float(loss.detach())}

        return step


class Classifier(Model):
    """ResNet-34 with CBAM. The plain form has the same network and selects the known labels."""

    name = "hair_classifier"

    def networks(self) -> Networks:
        torch.manual_seed(0)
        with torch.device(self.device):
            return {"classifier": HairClassifier(34, 8 if self.sizes.tiny else 64, image_size=self.sizes.image)}

    def batch(self) -> Batch:
        torch.manual_seed(1)
        images = torch.rand(self.sizes.batch, 3, self.sizes.image, self.sizes.image) * 2 - 1
        targets = torch.stack([torch.randint(-1, len(c), (self.sizes.batch,)) for c in HEADS.values()], dim=1)
        targets[0] = 0  # one known label at least
        return {"images": images.to(self.device), "targets": targets.to(self.device)}

    def phases(self, networks: Networks, batch: Batch, step: int) -> list[PhaseOf]:
        def loss() -> PhaseLoss:
            terms = masked_cross_entropies(networks["classifier"](batch["images"]), batch["targets"])
            return PhaseLoss.of(torch.stack(list(terms.values())).sum(), terms)

        return [("classify", loss, ("classifier",))]

    def optimizers(self, networks: Networks, **options: Any) -> dict[str, torch.optim.Optimizer]:
        parameters = networks["classifier"].parameters()
        return {"classifier": torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-2, **options)}

    def plain_step(self) -> Callable[[], Iterator[tuple[str, dict[str, float]]]]:
        networks, batch = self.networks(), self.batch()
        optimizer = self.optimizers(networks, foreach=False)["classifier"]

        def step() -> Iterator[tuple[str, dict[str, float]]]:
            terms = plain_classifier_loss(networks["classifier"](batch["images"]), batch["targets"])
            optimizer.zero_grad()
            sum(terms.values(), torch.zeros((), device=self.device)).backward()
            optimizer.step()
            yield "classify", {name: float(term.detach()) for name, term in terms.items()}

        return step


MODELS: dict[str, type[Model]] = {model.name: model for model in (StarGAN, SEAN, FaceParser, Classifier)}


def faces(sizes: Sizes, first: int = 0) -> tuple[Tensor, Tensor]:
    """Images `(batch, 3, image, image)` in [-1, 1] and their label maps, the same at every call.

    Args:
        first: number of the first person, if they are drawn.
    """
    if not sizes.portraits:
        torch.manual_seed(1)
        images = torch.rand(sizes.batch, 3, sizes.image, sizes.image) * 2 - 1
        return images, face_like_labels(sizes.batch, sizes.image)
    from hairgan.portraits import portrait

    drawn = [portrait(0, index, sizes.image) for index in range(first, first + sizes.batch)]
    images = torch.stack([torch.from_numpy(face.image) for face in drawn]).permute(0, 3, 1, 2).contiguous()
    return images / 127.5 - 1, torch.stack([torch.from_numpy(face.labels) for face in drawn]).long()


def face_like_labels(count: int, size: int) -> Tensor:
    """Label maps `(count, size, size)`, int64, of crudely drawn heads: contiguous regions, as of faces.

    Regions: background, cloth, neck, hair, skin, brows, eyes, nose, lips. Each head is shifted a little.
    """
    y, x = torch.meshgrid(torch.linspace(-1, 1, size), torch.linspace(-1, 1, size), indexing="ij")
    parts = (  # region, center x and y, half axes
        (Region.CLOTH, 0.0, 1.1, 0.9, 0.4),
        (Region.NECK, 0.0, 0.7, 0.2, 0.4),
        (Region.HAIR, 0.0, -0.1, 0.65, 0.8),
        (Region.SKIN, 0.0, 0.1, 0.45, 0.6),
        (Region.L_BROW, 0.2, -0.17, 0.12, 0.03),
        (Region.R_BROW, -0.2, -0.17, 0.12, 0.03),
        (Region.L_EYE, 0.2, -0.05, 0.09, 0.05),
        (Region.R_EYE, -0.2, -0.05, 0.09, 0.05),
        (Region.NOSE, 0.0, 0.15, 0.08, 0.15),
        (Region.U_LIP, 0.0, 0.38, 0.15, 0.04),
        (Region.L_LIP, 0.0, 0.45, 0.14, 0.05),
    )
    labels = torch.zeros(count, size, size, dtype=torch.int64)
    for number in range(count):
        dx, dy = 0.05 * (number % 5 - 2), 0.04 * (number % 3 - 1)
        for region, center_x, center_y, width, height in parts:
            inside = ((x - center_x - dx) / width) ** 2 + ((y - center_y - dy) / height) ** 2 < 1
            labels[number][inside] = int(region)
    assert int(labels.max()) < NUM_REGIONS
    return labels
