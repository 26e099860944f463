"""SEAN at 256 px: forward pass with style encoder, training step, and another style on the same layout.

"plain" is the published form with its loops over images and regions; "dense" the same convolutions of a style map of
512 channels, without loops. People are drawn: their label maps have as many different neighborhoods as those of faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.measuring import Settings, Table, Work, largest_difference, measure
from benchmarks.models import SEAN, Sizes, faces
from benchmarks.training_steps import Variant, step_table
from tests.oracles.sean_loop import Ace, SEANLoop, Zencoder


def tables(settings: Settings) -> Iterator[Table]:
    sizes = Sizes(64, 1, tiny=True, portraits=True) if settings.quick else Sizes(256, 1, portraits=True)
    batches = (1,) if settings.quick else (1, 2)
    for batch in batches:
        yield forward(SEAN(replace(sizes, batch=batch), torch.device("cpu")), settings)
    model = SEAN(sizes, torch.device("cpu"))
    yield recolor(model, settings)
    variants = [
        Variant("plain", plain=True),
        Variant("float32"),
        Variant("bf16", bf16=True),
    ]
    yield step_table(f"training step, {sizes.image} px, batch {sizes.batch}", model, variants, settings)


@torch.inference_mode()
def forward(model: SEAN, settings: Settings) -> Table:
    """Style codes of an image, and painting it with them."""
    loop, ours = model.published_networks()[0].eval(), model.networks()["generator"].eval()
    batch = model.batch()

    def painted(network: Any, bf16: bool = False, loops: bool | None = None) -> Work:
        def work() -> Tensor:
            if loops is not None:
                use_loops(network, loops)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                return network(batch["labels"], network.encode_styles(batch["images"], batch["labels"]))

        return work

    works: dict[str, Work] = {
        "plain": painted(loop, loops=True),
        "dense": painted(loop, loops=False),
        "float32": painted(ours),
        "bf16": painted(ours, bf16=True),
    }
    return table(f"forward, {model.sizes.image} px, batch {model.sizes.batch}", works, settings)


@torch.inference_mode()
def recolor(model: SEAN, settings: Settings) -> Table:
    """The styles of another image, encoded and painted on a layout that is known already."""
    loop, ours = model.published_networks()[0].eval(), model.networks()["generator"].eval()
    use_loops(loop, True)
    labels = model.batch()["labels"]
    images, other_labels = faces(model.sizes, first=7)
    generator: Any = ours
    layout = generator.layout(labels)

    def plain() -> Tensor:
        return loop(labels, loop.encode_styles(images, other_labels))

    def repainted(bf16: bool) -> Work:
        def work() -> Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                return generator.paint(layout, generator.encode_styles(images, other_labels))

        return work

    works: dict[str, Work] = {"plain": plain, "float32": repainted(False), "bf16": repainted(True)}
    return table(f"another style on the same layout, {model.sizes.image} px", works, settings)


def table(title: str, works: dict[str, Work], settings: Settings) -> Table:
    """Measure works that return images, and compare the images with the first's."""
    works = settings.measured(works)
    differences = {name: largest_difference(works["plain"](), work()) for name, work in works.items()}
    rows = measure(works, repeats=settings.repeats, seconds=60)
    for row in rows:
        row.values["largest difference"] = differences[row.name]
    return Table(title, rows, "plain")


def use_loops(network: SEANLoop, loops: bool) -> None:
    for module in network.modules():
        if isinstance(module, Ace | Zencoder):
            module.vectorised = not loops
