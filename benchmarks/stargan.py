"""StarGAN v2 at 256 px with seven domains: a training step by phase, and inference, plain against shipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from benchmarks.measuring import Settings, Table, Work, largest_difference, measure
from benchmarks.models import DOMAINS, Sizes, StarGAN
from benchmarks.training_steps import Variant, step_table
from hairgan.evaluation.translator import translate
from tests.oracles import published_stargan as published

STYLES = 10


def tables(settings: Settings) -> Iterator[Table]:
    sizes = Sizes(32, 1, tiny=True, portraits=True) if settings.quick else Sizes(256, 1, portraits=True)
    model = StarGAN(sizes, torch.device("cpu"))
    variants = [
        Variant("plain", plain=True),
        Variant("float32"),
        Variant("bf16 channels_last", bf16=True, channels_last=True),
    ]
    yield step_table(f"training step, {sizes.image} px, batch {sizes.batch}", model, variants, settings)
    yield inference(model, settings)


@torch.inference_mode()
def inference(model: StarGAN, settings: Settings) -> Table:
    """One image in ten styles of a domain, from latent codes."""
    networks: dict[str, Any] = model.networks()
    batch = model.batch()
    mapping, generator = networks["mapping_network"], networks["generator"]
    channels_last = model.networks()["generator"].to(memory_format=torch.channels_last)
    p, z = dict(generator.named_parameters()), torch.randn(STYLES, 16)
    q = dict(mapping.named_parameters())
    domain = torch.full((STYLES,), DOMAINS - 1)
    image = batch["x"][:1]

    def plain() -> Tensor:
        codes = published.mapping_network(q, z, domain)
        return torch.cat([published.generator(p, image, code[None], None, 1.0) for code in codes])

    def ours(network: Any, bf16: bool) -> Work:
        def work() -> Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                return translate(network, image, mapping(z, domain)[None])[0]

        return work

    works: dict[str, Work] = {
        "plain": plain,
        "float32": ours(generator, False),
        "bf16 channels_last": ours(channels_last, True),
    }
    works = settings.measured(works)
    differences = {name: largest_difference(plain(), work()) for name, work in works.items()}
    rows = measure(works, repeats=settings.repeats, seconds=60)
    for row in rows:
        row.values["largest difference"] = differences[row.name]
    return Table(f"one image in {STYLES} styles, {model.sizes.image} px", rows, "plain")
