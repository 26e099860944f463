"""Speed of one StarGAN v2 training iteration: the published order of operations against the shipped step.

    python benchmarks/stargan.py --size 256 --batch 1 --threads 2

First the terms of the four losses are compared on the same weights and inputs. Then full iterations with their
backward passes, optimizer steps and averages alternate; medians and minima of their times are printed.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))  # the published form is the tests' oracle

from hairgan.losses.stargan import StarGANv2Step
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from tests.oracles.published_stargan import PublishedIteration, averages, published_optimizers

DOMAINS = 7
UPDATES = {
    "d_latent": ("discriminator",),
    "d_reference": ("discriminator",),
    "g_latent": ("generator", "mapping_network", "style_encoder"),
    "g_reference": ("generator",),
}


def build(size: int, base_width: int | None, max_width: int) -> dict[str, Any]:
    widths: dict[str, Any] = {"base_width": base_width, "max_width": max_width}
    return {
        "generator": Generator(size, w_hpf=0.0, **widths),
        "mapping_network": MappingNetwork(DOMAINS),
        "style_encoder": StyleEncoder(size, DOMAINS, **widths),
        "discriminator": Discriminator(size, DOMAINS, **widths),
    }


def random_batch(size: int, batch: int) -> dict[str, Tensor]:
    x, x_ref, x_ref2 = torch.rand(3, batch, 3, size, size) * 2 - 1
    y_org, y_trg = torch.randint(0, DOMAINS, (2, batch))
    z, z2 = torch.randn(2, batch, 16)
    return {"x": x, "x_ref": x_ref, "x_ref2": x_ref2, "y_org": y_org, "y_trg": y_trg, "z": z, "z2": z2}


class Shipped:
    """`StarGANv2Step` with fused optimizers and for-each averages, driven as the training module drives it."""

    def __init__(self, networks: dict[str, Any]) -> None:
        self.networks, self.ema = networks, averages(networks)
        self.optimizers = published_optimizers(networks, fused=True)

    def run(self, batch: dict[str, Any]) -> None:
        step = StarGANv2Step(**self.networks, **batch)
        for phase, updates in UPDATES.items():
            loss, _ = getattr(step, phase)()
            parameters = [p for name in updates for p in self.networks[name].parameters()]
            loss.backward(inputs=parameters)
            for name in updates:
                self.optimizers[name].step()
                self.optimizers[name].zero_grad()
        for name, average in self.ema.items():
            new = [p.detach() for p in self.networks[name].parameters()]
            torch._foreach_lerp_([p.detach() for p in average.parameters()], new, 1e-3)


class Published:
    """`PublishedIteration` with its optimizers and averages."""

    def __init__(self, networks: dict[str, Any]) -> None:
        self.networks, self.ema, self.optimizers = networks, averages(networks), published_optimizers(networks)

    def run(self, batch: dict[str, Any]) -> None:
        PublishedIteration(self.networks, batch).run(self.optimizers, self.ema)


def compare(networks: dict[str, Any], batch: dict[str, Any]) -> None:
    """Print each term of the four losses in both forms, on the same weights."""
    published, step = PublishedIteration(networks, batch), StarGANv2Step(**networks, **batch)
    for phase in UPDATES:
        loss_of = published.discriminator_loss if phase.startswith("d") else published.generator_loss
        _, expected = loss_of(phase.endswith("reference"))
        _, got = getattr(step, phase)()
        for name, term in got.items():
            a, b = float(expected[name].detach()), float(term)
            print(f"{phase + '/' + name:16} published {a:.7g}, shipped {b:.7g}, relative {abs(a - b) / abs(a):.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="image size in pixels")
    parser.add_argument("--batch", type=int, default=1, help="images in a batch")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--repetitions", type=int, default=3, help="timed iterations of each, after one for warming up")
    parser.add_argument("--base-width", type=int, default=None, help="channels at full resolution")
    parser.add_argument("--max-width", type=int, default=512, help="largest number of channels")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    networks = build(args.size, args.base_width, args.max_width)
    batch = random_batch(args.size, args.batch)
    compare(networks, {name: value.detach() for name, value in batch.items()})
    published, shipped = Published(copy.deepcopy(networks)), Shipped(networks)
    runs: dict[str, Callable[[dict[str, Any]], None]] = {"published": published.run, "shipped": shipped.run}
    # wall-clock seconds, and the process's CPU seconds, which other work on the machine disturbs less
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for repetition in range(args.repetitions + 1):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run({key: value.detach() for key, value in batch.items()})
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if repetition > 0:
                times[name].append((wall, cpu))
                print(f"{name:9} {wall:.2f} s, {cpu:.2f} s of CPU", flush=True)
    for clock, seconds in enumerate(("s", "s of CPU")):
        for label, statistic in (("median", statistics.median), ("minimum", min)):
            slow, fast = (statistic([time[clock] for time in times[name]]) for name in runs)
            print(f"{label}: published {slow:.2f} {seconds}, shipped {fast:.2f} {seconds}: {slow / fast:.2f}x")


if __name__ == "__main__":
    main()
