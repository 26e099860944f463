"""Speed of three forms of SEAN's generator: with loops, with dense 512-channel style maps, and as shipped.

    python benchmarks/sean.py                      # the table of docs/performance.md
    python benchmarks/sean.py --width 8 --repeats 1 --batch 1     # seconds, to see that it runs

Label maps are procedural portraits. All three have the same weights; the largest difference of the images is printed.
Times are the best of the repeats, taken in turns; on a machine that does other work, compare processor times (with one
thread). Memory is the growth of the process at its peak (Linux only).
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1]))  # the loop version is the tests' oracle

from hairgan.networks.sean import SEANGenerator
from hairgan.portraits import portrait
from hairgan.text_tables import markdown_table
from hairgan.weights.official import from_official
from tests.oracles.sean_loop import Ace, SEANLoop, Zencoder, settle_spectral_norm

Work = Callable[[], Tensor]


def peak_memory(work: Work) -> float:
    """MB by which the resident memory grows at its peak."""

    def status(field: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024

    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    before = status("VmRSS")
    work()
    return status("VmHWM") - before


def flops(work: Work) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e9


def compare(title: str, works: dict[str, Work], repeats: int) -> None:
    """Print a table of the works; times are relative to the first."""
    gflop = {name: flops(work) for name, work in works.items()}
    memory = {name: f"{peak_memory(work):.0f}" if sys.platform == "linux" else "" for name, work in works.items()}
    wall, cpu = dict.fromkeys(works, float("inf")), dict.fromkeys(works, float("inf"))
    for _ in range(repeats):
        for name, work in works.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            work()
            wall[name] = min(wall[name], time.perf_counter() - start)
            cpu[name] = min(cpu[name], time.process_time() - cpu_start)
    first = next(iter(works))
    rows = []
    for name in works:
        times = [wall[name], wall[first] / wall[name], cpu[name], cpu[first] / cpu[name]]
        rows.append([name, f"{gflop[name]:.1f}", *(f"{value:.2f}" for value in times), memory[name]])
    print(f"\n{title}\n{markdown_table(['version', 'GFLOP', 's', 'x', 'CPU s', 'x', 'peak MB'], rows)}", flush=True)


def faces(first: int, count: int, size: int) -> tuple[Tensor, Tensor]:
    """Images in [-1, 1] and label maps."""
    drawn = [portrait(0, index, size) for index in range(first, first + count)]
    images = torch.stack([torch.from_numpy(face.image) for face in drawn]).permute(0, 3, 1, 2).contiguous()
    return images / 127.5 - 1, torch.stack([torch.from_numpy(face.labels) for face in drawn]).long()


def use_loops(network: SEANLoop, loops: bool) -> None:
    for module in network.modules():
        if isinstance(module, Ace | Zencoder):
            module.vectorised = not loops


def run(loop: SEANLoop, shipped: SEANGenerator, batch: int, size: int, repeats: int, tables: list[str]) -> None:
    images, labels = faces(0, batch, size)
    others, other_labels = faces(batch, batch, size)
    layout, codes = shipped.layout(labels), shipped.encode_styles(others, other_labels)

    def by_loop(loops: bool, work: Work) -> Work:
        def prepared() -> Tensor:
            use_loops(loop, loops)
            return work()

        return prepared

    def forward(network: SEANLoop | SEANGenerator) -> Tensor:
        return network(labels, network.encode_styles(images, labels))

    def training(network: SEANLoop | SEANGenerator) -> Tensor:
        network.train()
        with torch.enable_grad():
            fake = forward(network)
            fake.square().mean().backward()  # type: ignore[no-untyped-call]
        network.zero_grad(set_to_none=True)
        network.eval()
        return fake

    works: dict[str, Work]
    if "forward" in tables:
        works = {
            "loops": by_loop(True, lambda: forward(loop)),
            "dense 512 channels": by_loop(False, lambda: forward(loop)),
            "shipped": lambda: forward(shipped),
        }
        expected = works["loops"]()
        for name, work in works.items():
            print(f"batch {batch}, {name}: largest difference to the loops {(work() - expected).abs().max():.1e}")
        compare(f"forward with style encoder, batch {batch}, {size} px", works, repeats)
    if "dye" in tables:
        works = {
            "loops": by_loop(True, lambda: loop(labels, codes)),
            "shipped": lambda: shipped.paint(layout, codes),
        }
        compare(f"other styles on the same layout, batch {batch}, {size} px", works, repeats)
        works = {
            "loops": by_loop(True, lambda: loop(labels, loop.encode_styles(others, other_labels))),
            "shipped": lambda: shipped.paint(layout, shipped.encode_styles(others, other_labels)),
        }
        compare(f"the same with encoding the other styles, batch {batch}, {size} px", works, repeats)
    if "training" in tables:
        works = {
            "loops": by_loop(True, lambda: training(loop)),
            "dense 512 channels": by_loop(False, lambda: training(loop)),
            "shipped": lambda: training(shipped),
        }
        compare(f"training, forward with style encoder and backward, batch {batch}, {size} px", works, repeats)


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tables", nargs="+", default=["forward", "dye", "training"])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    loop = SEANLoop(arguments.image_size, arguments.width).eval()
    settle_spectral_norm(loop)
    shipped = from_official("sean/generator", loop.state_dict(), image_size=arguments.image_size)
    assert isinstance(shipped, SEANGenerator)
    for batch in arguments.batch:
        run(loop, shipped, batch, arguments.image_size, arguments.repeats, arguments.tables)


if __name__ == "__main__":
    main()
