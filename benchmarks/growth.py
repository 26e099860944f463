"""How time and memory grow: a StarGAN v2 step over batch, image size, domains and processes, and reading over images.

The networks are small, those of the quickstart, because the question is how a cost grows, not how large it is.
`doubling` is the factor for a doubling: 2 is growth in proportion.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import Row, Settings, Table, Work, measure, whole
from benchmarks.models import Sizes, StarGAN
from benchmarks.training_steps import ShippedStep, Variant
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.randomness import shuffled_position

ROOT = Path(__file__).parents[1]


class SmallStarGAN(StarGAN):
    """StarGAN v2 with the quickstart's widths and any number of domains."""

    def __init__(self, sizes: Sizes, domains: int = 7) -> None:
        super().__init__(sizes, torch.device("cpu"))
        self.domains = domains

    def networks(self) -> dict[str, torch.nn.Module]:
        torch.manual_seed(0)
        size = self.sizes.image
        widths = {"base_width": 8, "max_width": 32} if self.sizes.tiny else {"base_width": 16, "max_width": 64}
        return {
            "generator": Generator(size, w_hpf=1.0, **widths),
            "mapping_network": MappingNetwork(self.domains, hidden_dim=32 if self.sizes.tiny else 512),
            "style_encoder": StyleEncoder(size, self.domains, **widths),
            "discriminator": Discriminator(size, self.domains, **widths),
        }


def tables(settings: Settings) -> Iterator[Table]:
    quick = settings.quick

    def step(image: int = 64, batch: int = 4, domains: int = 7) -> Work:
        return ShippedStep(SmallStarGAN(Sizes(image, batch, tiny=quick), domains), Variant("float32"))

    def curve(what: str, values: Sequence[int], make: Callable[[int], Work], unit: str = "") -> Table:
        works = {f"{value:,}{unit}": whole(make(value)) for value in values}
        rows = measure(works, repeats=settings.repeats, gflop=not quick, memory=not quick)
        return Table(what, with_doublings(values, rows))

    yield curve("StarGAN v2 step over the batch, 64 px", (1, 2) if quick else (1, 2, 4, 8, 16), lambda n: step(batch=n))
    sizes = (32, 64) if quick else (64, 128, 256)
    yield curve("StarGAN v2 step over the image side, batch 4", sizes, lambda n: step(image=n), " px")
    domains = (2, 4) if quick else (7, 20, 100)
    yield curve("StarGAN v2 step over the number of domains, 64 px, batch 4", domains, lambda n: step(domains=n))
    yield over_processes((1, 2), 20 if quick else 30, min(2, settings.repeats), small=quick)
    images = (1000, 30_000) if quick else (3000, 30_000, 300_000, 3_000_000)
    yield curve("choosing the images of a step over the dataset", images, choosing, " images")


def over_processes(counts: Sequence[int], steps: int, repeats: int, small: bool) -> Table:
    """The step of the quickstart with a batch of 8 that CPU processes share, one thread each (`trainer=ddp_sim`).

    Seconds are those of the first process, less those of a run of one step.
    """
    rows = [Row(f"{count} process{'es' if count > 1 else ''}") for count in counts]
    for _ in range(repeats):
        for count, row in zip(counts, rows, strict=True):
            short, long = training_seconds(count, 1, small), training_seconds(count, 1 + steps, small)
            row.wall_s.append((long[0] - short[0]) / steps)
            row.cpu_s.append((long[1] - short[1]) / steps)
    return Table("StarGAN v2 step over processes, 64 px, batch of 8 in all", with_doublings(counts, rows))


def training_seconds(processes: int, steps: int, small: bool) -> tuple[float, float]:
    """Wall seconds, and CPU seconds of the first process, of a training of so many steps."""
    with tempfile.TemporaryDirectory() as folder:
        given = [f"steps={steps}", f"run_dir={folder}/run", "batch_size=8", f"trainer.devices={processes}"]
        given += ["trainer=ddp_sim", "logger=none", "callbacks.generative_metrics=null", "callbacks.sample_grids=null"]
        given += ["data.count=140"]  # the fewer people are drawn, the smaller is what is subtracted
        given += ["image_size=32"] * small
        wall, cpu = time.perf_counter(), children_seconds()
        subprocess.run(
            [sys.executable, "train.py", "experiment=quickstart", *given],
            cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True,
        )  # fmt: skip
        return time.perf_counter() - wall, children_seconds() - cpu


def children_seconds() -> float:
    """Processor seconds of the processes that this one has waited for; Lightning does not wait for those it starts."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def choosing(images: int) -> Work:
    """Which images ten steps of 32 read."""

    def work() -> None:
        for step in range(10):
            shuffled_position(step * 32 + np.arange(32), images, 0, "order/train")

    return work


def with_doublings(values: Sequence[int], rows: list[Row]) -> list[Row]:
    """The rows, each with the factors by which it costs more than the row before, for a doubling of the value."""
    for (smaller, larger), (before, row) in zip(pairwise(values), pairwise(rows), strict=True):
        row.values["doubling, CPU s"] = doubling(smaller, min(before.cpu_s), larger, min(row.cpu_s))
        if before.peak_mb and row.peak_mb:
            row.values["doubling, MB"] = doubling(smaller, before.peak_mb, larger, row.peak_mb)
    return rows


def doubling(smaller: int, before: float, larger: int, after: float) -> float | None:
    """The factor by which a cost grows when what it depends on doubles."""
    if before <= 0 or after <= 0:
        return None
    return round(2 ** (math.log(after / before) / math.log(larger / smaller)), 2)
