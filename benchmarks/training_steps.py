"""One training step of each model: in the plain form, written from the formulas, and as shipped.

Both compute the losses of all phases with their gradients, take the optimizers' steps and update the averages. The
shipped step does what `lightning_modules.PhasedModule` does in a step, without Lightning, so that it also runs where
Lightning, Hydra and wandb are missing: losses and the norm of the gradients of each phase are computed, and read once
at the end of the step.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
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
class Variant:
    """How a step is computed.

    Attributes:
        name: for tables.
        plain: the plain form; otherwise as shipped.
        tf32: whether float32 products and convolutions may use TensorFloat-32 (CUDA only).
        bf16: bfloat16 where it is safe, as `trainer.precision=bf16-mixed`.
        channels_last: images and kernels in the channels-last memory layout.
        fused: optimizers with one kernel for all their parameters.
        compile: networks compiled with `torch.compile`.
        graph: the whole step captured once as a CUDA graph, and replayed.
    """

    name: str
    plain: bool = False
    tf32: bool = False
    bf16: bool = False
    channels_last: bool = False
    fused: bool = False
    compile: bool = False
    graph: bool = False


@dataclass(frozen=True)
class Sizes:
    """Image side in pixels, images in a batch, and whether networks have the published widths or very small ones."""

    image: int = 256
    batch: int = 8
    tiny: bool = False


# -- the models --


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
            network.compile(dynamic=False)

    def plain_step(self) -> Callable[[], Iterator[tuple[str, dict[str, float]]]]:
        """A function that runs a step in the plain form; after each phase come its name and its terms."""
        raise NotImplementedError


class StarGAN(Model):
    """StarGAN v2 with seven domains and the high-pass skip, whose masks are made from label maps."""

    name = "stargan"
    averaged = ("generator", "mapping_network", "style_encoder")

    def networks(self) -> Networks:
        torch.manual_seed(0)
        size, widths = self.sizes.image, {"base_width": 8, "max_width": 32} if self.sizes.tiny else {}
        with torch.device(self.device):
            return {
                "generator": Generator(size, w_hpf=1.0, **widths),
                "mapping_network": MappingNetwork(DOMAINS),
                "style_encoder": StyleEncoder(size, DOMAINS, **widths),
                "discriminator": Discriminator(size, DOMAINS, **widths),
            }

    def batch(self) -> Batch:
        torch.manual_seed(1)
        size, rows = self.sizes.image, self.sizes.batch
        x, x_ref, x_ref2 = torch.rand(3, rows, 3, size, size) * 2 - 1
        y_org, y_trg = torch.randint(0, DOMAINS, (2, rows))
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

    def compile(self, networks: Networks) -> None:
        super().compile(networks)
        generator = networks["generator"]
        for block in [*generator.encode, *generator.decode]:  # type: ignore[misc]
            block.compile(dynamic=False)

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
                loop, judge = SEANLoop(self.sizes.image, 4, style_dim=16), SEANLoopDiscriminator(4)
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
        return {name: copy.deepcopy(network).to(self.device).train() for name, network in self._networks.items()}

    def perceptual(self) -> VGG19Perceptual:
        if self._perceptual is None:
            torch.manual_seed(2)
            self._perceptual = VGG19Perceptual("random").to(self.device)
        return self._perceptual

    def batch(self) -> Batch:
        torch.manual_seed(1)
        images = torch.rand(self.sizes.batch, 3, self.sizes.image, self.sizes.image) * 2 - 1
        labels = face_like_labels(self.sizes.batch, self.sizes.image)
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
        torch.manual_seed(1)
        images = torch.rand(self.sizes.batch, 3, self.sizes.image, self.sizes.image) * 2 - 1
        labels = face_like_labels(self.sizes.batch, self.sizes.image)
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

    def compile(self, networks: Networks) -> None:
        parser: Any = networks["parser"]  # a step does not call its forward
        parser.with_auxiliary = torch.compile(parser.with_auxiliary, dynamic=False)

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


# -- steps --


class ShippedStep:
    """A step as the training module takes it.

    Attributes:
        terms: of the last step, by `phase/name`, with the norms of the gradients.
    """

    def __init__(self, model: Model, variant: Variant) -> None:
        self.model, self.variant = model, variant
        self.networks, self.batch = model.networks(), model.batch()
        if variant.channels_last:
            for network in self.networks.values():
                network.to(memory_format=torch.channels_last)
            self.batch = {
                name: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value
                for name, value in self.batch.items()
            }
        self.ema = {name: copy.deepcopy(self.networks[name]).requires_grad_(False) for name in model.averaged}
        options: dict[str, Any] = {"fused": True} if variant.fused else {}
        if variant.graph:
            options["capturable"] = True
        self.optimizers = model.optimizers(self.networks, **options)
        if variant.compile:
            model.compile(self.networks)
        self.steps, self.terms = 0, dict[str, float]()
        self._terms: dict[str, Tensor] = {}
        self._graph: Any = None

    def __call__(self) -> Iterator[str]:
        """Run one step; after each phase comes its name."""
        yield from self._compute()
        self.terms = dict(zip(self._terms, torch.stack([*self._terms.values()]).tolist(), strict=True))

    def _compute(self) -> Iterator[str]:
        self._terms = {}
        with self._autocast():
            phases = self.model.phases(self.networks, self.batch, self.steps)
        for name, loss_of, updates in phases:
            with self._autocast():
                loss, terms = loss_of()
            parameters = [p for network in updates for p in self.networks[network].parameters()]
            loss.backward(inputs=parameters)
            gradients = [p.grad for p in parameters if p.grad is not None]
            self._terms |= {f"{name}/{term}": value.float() for term, value in terms.items()}
            self._terms[f"{name}/grad_norm"] = torch.nn.utils.get_total_norm(gradients)
            for network in updates:
                self.optimizers[network].step()
            for parameter in parameters:
                parameter.grad = None
            del loss, terms, gradients
            yield name
        if self.ema:
            for name, average in self.ema.items():
                new = [p.detach() for p in self.networks[name].parameters()]
                torch._foreach_lerp_(list(average.parameters()), new, 1e-3)
                for mean, buffer in zip(average.buffers(), self.networks[name].buffers(), strict=True):
                    mean.copy_(buffer)
            yield "ema"
        self.steps += 1

    def capture(self) -> Callable[[], None]:
        """Capture the step as a CUDA graph; a function that replays it and reads the terms."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                for _ in self._compute():
                    pass
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in self._compute():
                pass
            values = torch.stack([*self._terms.values()])
        names = list(self._terms)

        def replay() -> None:
            graph.replay()
            self.terms = dict(zip(names, values.tolist(), strict=True))

        return replay

    def _autocast(self) -> AbstractContextManager[Any]:
        if not self.variant.bf16:
            return nullcontext()
        return torch.autocast(self.model.device.type, dtype=torch.bfloat16)


class PlainStep:
    """A step in the plain form; attributes as in `ShippedStep`."""

    def __init__(self, model: Model) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the classic spectral norm is deprecated
            self._step = model.plain_step()
        self.terms: dict[str, float] = {}

    def __call__(self) -> Iterator[str]:
        for phase, terms in self._step():
            self.terms |= {f"{phase}/{name}": term for name, term in terms.items()}
            yield phase


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
