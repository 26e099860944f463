"""Export a bundle's networks to ONNX, each with suitable example inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from hairgan.networks.face_parser import input_size
from hairgan.networks.label_layout import Layout, make_levels
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import MappingNetwork, StyleEncoder
from hairgan.regions import NUM_REGIONS
from hairgan.weights.onnx import export_onnx


class Recipe(NamedTuple):
    """How a part is exported: a module whose `forward` takes tensors, its example inputs, and the names of its outputs.

    The first axis of every input and the `free_axes` can have any size.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    free_axes: tuple[int, ...] = ()


class MaskedGenerator(nn.Module):
    """StarGAN v2's generator with the two masks of its skip as separate inputs."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, images: Tensor, styles: Tensor, mask_all: Tensor, mask_detail: Tensor) -> Tensor:
        return self.generator(images, styles, (mask_all, mask_detail))


class DomainHeads(nn.Module):
    """Mapping network or style encoder without the check of the domains' values, which cannot be exported."""

    def __init__(self, network: MappingNetwork | StyleEncoder) -> None:
        super().__init__()
        self.shared, self.unshared = network.shared, network.unshared

    def forward(self, x: Tensor, domains: Tensor) -> Tensor:
        shared = self.shared(x).flatten(1)  # (B, width)
        heads = torch.stack([head(shared) for head in self.unshared], dim=1)  # (B, K, style_dim)
        return heads.gather(1, domains[:, None, None].expand(-1, 1, heads.shape[2]))[:, 0]  # (B, style_dim)


class HeadsInOrder(nn.Module):
    """The hair classifier, with its heads' logits as a tuple."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.classifier(images).values())


class SEANEncoder(nn.Module):
    """SEAN's style encoder: images and label maps to codes."""

    def __init__(self, generator: SEANGenerator) -> None:
        super().__init__()
        self.encoder, self.num_regions = generator.style_encoder, generator.num_regions

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return self.encoder(images, labels, self.num_regions)


class DenseSEAN(nn.Module):
    """SEAN's generator in the form that computes every pixel: finding distinct neighborhoods cannot be exported."""

    def __init__(self, generator: SEANGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, labels: Tensor, codes: Tensor) -> Tensor:
        sizes, regions = self.generator.sizes, self.generator.num_regions
        levels = make_levels(labels, sizes, regions, torch.float32, with_neighborhoods=False)
        return self.generator.paint(Layout(labels, levels, None), codes)


def export_bundle(networks: Mapping[str, nn.Module], folder: Path | str, batch: int = 2) -> dict[str, float | str]:
    """Write `PART.onnx` for every network that exports; each is compared with the network.

    Args:
        networks: by part name, in evaluation mode, on the CPU.
        batch: the batch size of the examples; the files take any.

    Returns:
        file name -> the largest difference to the network, or a sentence that says why it could not be exported.
    """
    results: dict[str, float | str] = {}
    for part, network in networks.items():
        for name, recipe in recipes(part, network, batch).items():
            try:
                results[name] = export_onnx(
                    recipe.module.eval(),
                    recipe.inputs,
                    Path(folder) / f"{name}.onnx",
                    outputs=recipe.outputs,
                    dynamic=dict.fromkeys(recipe.inputs, (0, *recipe.free_axes)),
                )
            except (RuntimeError, ValueError) as error:  # the exporter's errors are RuntimeErrors
                results[name] = str(error).strip().splitlines()[0]
    return results


def recipes(part: str, network: Any, batch: int) -> dict[str, Recipe]:
    """How to export a part, by file name; empty for parts that cannot be exported."""
    generator = torch.Generator().manual_seed(0)

    def images(size: int) -> Tensor:
        return torch.rand(batch, 3, size, size, generator=generator) * 2 - 1

    def labels(size: int) -> Tensor:
        blocks = torch.randint(0, NUM_REGIONS, (batch, 8, 8), generator=generator)
        return blocks.repeat_interleave(size // 8, 1).repeat_interleave(size // 8, 2)

    def domains() -> Tensor:
        return torch.arange(batch) % network.num_domains

    def stargan() -> dict[str, Recipe]:
        inputs = {"images": images(network.image_size), "styles": torch.randn(batch, network.style_dim)}
        if network.w_hpf == 0:
            return {part: Recipe(network, inputs, ("image",))}
        masks = {name: torch.rand(batch, 1, 256, 256) for name in ("mask_all", "mask_detail")}
        return {part: Recipe(MaskedGenerator(network), inputs | masks, ("image",))}

    def sean() -> dict[str, Recipe]:
        size, codes = network.image_size, torch.rand(batch, network.num_regions, network.style_dim) * 2 - 1
        encoding = {"images": images(size), "labels": labels(size)}
        return {
            "sean_encoder": Recipe(SEANEncoder(network), encoding, ("codes",)),
            "sean": Recipe(DenseSEAN(network), {"labels": labels(size), "codes": codes}, ("image",)),
        }

    known: dict[str, Callable[[], dict[str, Recipe]]] = {
        "parser": lambda: {
            part: Recipe(network, {"images": images(input_size(network))}, ("logits",), free_axes=(2, 3))
        },
        "classifier": lambda: {
            part: Recipe(HeadsInOrder(network), {"images": images(network.image_size)}, tuple(network.classes))
        },
        "stargan_generator": stargan,
        "mapping_network": lambda: {
            part: Recipe(
                DomainHeads(network),
                {"latents": torch.randn(batch, network.latent_dim), "domains": domains()},
                ("styles",),
            )
        },
        "style_encoder": lambda: {
            part: Recipe(
                DomainHeads(network), {"images": images(network.image_size), "domains": domains()}, ("styles",)
            )
        },
        "fan": lambda: {part: Recipe(network, {"images": images(256) / 2 + 0.5}, ("heatmaps",))},
        "sean": sean,
    }
    return known[part]() if part in known else {}
