"""The hair classifier (ResNet-34 with CBAM) at 256 px: eight images, and a training step."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.measuring import Settings, Table, Work, largest_difference, measure
from benchmarks.models import Classifier, Sizes
from benchmarks.training_steps import Variant, step_table
from hairgan.networks.resnet import fold_batch_norm


def tables(settings: Settings) -> Iterator[Table]:
    sizes = Sizes(64, 2, tiny=True) if settings.quick else Sizes(256, 8)
    model = Classifier(sizes, torch.device("cpu"))
    yield classifying(model, settings)
    variants = [
        Variant("plain", plain=True),
        Variant("float32"),
        Variant("float32 channels_last", channels_last=True),
        Variant("bf16 channels_last", bf16=True, channels_last=True),
    ]
    yield step_table(f"training step, {sizes.image} px, batch {sizes.batch}", model, variants, settings)


@torch.inference_mode()
def classifying(model: Classifier, settings: Settings) -> Table:
    """Logits of all heads."""
    images = model.batch()["images"]
    network, folded = model.networks()["classifier"].eval(), fold_batch_norm(model.networks()["classifier"].eval())

    def logits(net: torch.nn.Module, bf16: bool = False) -> Work:
        def work() -> Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                return torch.cat([*net(images).values()], dim=1).float()

        return work

    works: dict[str, Work] = {
        "plain": logits(network),
        "batch norm folded, channels-last": logits(folded),
        "and bf16": logits(folded, bf16=True),
    }
    works = settings.measured(works)
    expected = works["plain"]()
    differences = {name: largest_difference(expected, work()) for name, work in works.items()}
    rows = measure(works, repeats=settings.repeats, seconds=60)
    for row in rows:
        row.values["largest difference"] = differences[row.name]
    return Table(f"classifying {model.sizes.batch} images, {model.sizes.image} px", rows, "plain")
