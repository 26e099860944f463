"""One StarGAN v2 training iteration: the published order of operations against the shipped step, in one process.

    python -m benchmarks.stargan --size 256 --batch 1 --threads 2

Both start from the same weights and inputs; the first iteration's loss terms are compared, then the two alternate and
the medians of their times are printed.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from typing import Any

import torch
from torch import Tensor

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

    def run(self, batch: dict[str, Any], seconds: dict[str, float]) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        step = StarGANv2Step(**self.networks, **batch)
        for phase, updates in UPDATES.items():
            start = time.perf_counter()
            loss, named = getattr(step, phase)()
            parameters = [p for name in updates for p in self.networks[name].parameters()]
            loss.backward(inputs=parameters)
            for name in updates:
                self.optimizers[name].step()
                self.optimizers[name].zero_grad()
            terms |= {f"{phase}/{name}": term for name, term in named.items()}
            seconds[phase] = time.perf_counter() - start
        for name, average in self.ema.items():
            new = [p.detach() for p in self.networks[name].parameters()]
            torch._foreach_lerp_([p.detach() for p in average.parameters()], new, 1e-3)
        return terms


class Published:
    """`PublishedIteration` with its optimizers and averages."""

    def __init__(self, networks: dict[str, Any]) -> None:
        self.networks, self.ema, self.optimizers = networks, averages(networks), published_optimizers(networks)

    def run(self, batch: dict[str, Any]) -> dict[str, float]:
        return PublishedIteration(self.networks, batch).run(self.optimizers, self.ema)


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
    published, shipped = Published(copy.deepcopy(networks)), Shipped(networks)
    times: dict[str, list[float]] = {"published": [], "shipped": []}
    for repetition in range(args.repetitions + 1):
        start = time.perf_counter()
        expected = published.run(batch)
        middle = time.perf_counter()
        phases: dict[str, float] = {}
        got = shipped.run({name: value.detach() for name, value in batch.items()}, phases)
        end = time.perf_counter()
        if repetition == 0:
            for name, value in expected.items():
                print(f"{name:18} published {value:.7g}  shipped {float(got[name]):.7g}")
            continue
        times["published"].append(middle - start)
        times["shipped"].append(end - middle)
        print(f"{repetition}: published {middle - start:.3f} s, shipped {end - middle:.3f} s", flush=True)
        print("   " + ", ".join(f"{phase} {seconds:.3f}" for phase, seconds in phases.items()), flush=True)
    slow, fast = (statistics.median(times[name]) for name in ("published", "shipped"))
    print(f"median: published {slow:.3f} s, shipped {fast:.3f} s: {slow / fast:.2f}x")


if __name__ == "__main__":
    main()
