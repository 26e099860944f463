"""SEAN's generator three ways, in one process: written with loops, with dense 512-channel style maps, and as shipped.

    python benchmarks/sean.py                      # the table of docs/performance.md
    python benchmarks/sean.py --width 8 --repeats 1 --batch 1     # seconds, to see that it runs

Label maps are procedural portraits. All three have the same weights; the largest difference of the images is printed.
Times are the best of the repeats, taken in turns; memory is what the process grew by at its peak (Linux only).
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

from hairgan.data.portraits import portrait
from hairgan.networks.label_layout import Layout
from hairgan.networks.sean import SEANGenerator
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
    """Print a table of the works, the first of which is the measure of the others."""
    best = dict.fromkeys(works, float("inf"))
    for work in works.values():
        work()
    for _ in range(repeats):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    base = best[next(iter(works))]
    print(f"\n{title}\n| version | GFLOP | s | times faster | peak MB |\n|---|---|---|---|---|")
    for name, work in works.items():
        memory = f"{peak_memory(work):.0f}" if sys.platform == "linux" else ""
        print(f"| {name} | {flops(work):.1f} | {best[name]:.2f} | {base / best[name]:.2f} | {memory} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip", nargs="*", default=[], choices=["forward", "dye", "training"])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    size = arguments.image_size

    loop = SEANLoop(size, arguments.width).eval()
    settle_spectral_norm(loop)
    shipped = from_official("sean/generator", loop.state_dict(), image_size=size)
    assert isinstance(shipped, SEANGenerator)

    def use_loops(wanted: bool) -> None:
        for module in loop.modules():
            if isinstance(module, Ace | Zencoder):
                module.vectorised = not wanted

    for batch in arguments.batch:
        faces = [portrait(0, index, size) for index in range(2 * batch)]
        images = torch.stack([torch.from_numpy(face.image) for face in faces]).permute(0, 3, 1, 2) / 127.5 - 1
        labels = torch.stack([torch.from_numpy(face.labels) for face in faces]).long()
        images, others = images.contiguous().chunk(2)
        labels, other_labels = labels.chunk(2)

        def loop_forward(looped: bool, images: Tensor = images, labels: Tensor = labels) -> Tensor:
            use_loops(looped)
            with torch.inference_mode():
                return loop(labels, loop.encode_styles(images, labels))

        def shipped_forward(images: Tensor = images, labels: Tensor = labels) -> Tensor:
            with torch.inference_mode():
                return shipped(labels, shipped.encode_styles(images, labels))

        expected = loop_forward(True)
        for name, image in {"dense": loop_forward(False), "shipped": shipped_forward()}.items():
            print(f"batch {batch}, {name}: largest difference to the loop version {(image - expected).abs().max():.1e}")
        if "forward" not in arguments.skip:
            compare(
                f"forward with style encoder, batch {batch}, {size} px",
                {
                    "loops": lambda: loop_forward(True),
                    "dense 512 channels": lambda: loop_forward(False),
                    "shipped": shipped_forward,
                },
                arguments.repeats,
            )
        if "dye" not in arguments.skip:
            with torch.inference_mode():
                layout = shipped.layout(labels)

            def loop_dye(
                labels: Tensor = labels, others: Tensor = others, other_labels: Tensor = other_labels
            ) -> Tensor:
                use_loops(True)
                with torch.inference_mode():
                    return loop(labels, loop.encode_styles(others, other_labels))

            def shipped_dye(
                layout: Layout = layout, others: Tensor = others, other_labels: Tensor = other_labels
            ) -> Tensor:
                with torch.inference_mode():
                    return shipped.paint(layout, shipped.encode_styles(others, other_labels))

            compare(
                f"a second dye on the same layout, with encoding its reference, batch {batch}, {size} px",
                {"loops": loop_dye, "shipped": shipped_dye},
                arguments.repeats,
            )
        if "training" not in arguments.skip:

            def backward(network: SEANLoop | SEANGenerator, images: Tensor = images, labels: Tensor = labels) -> Tensor:
                network.train().zero_grad(set_to_none=True)
                fake = network(labels, network.encode_styles(images, labels))
                fake.square().mean().backward()
                network.eval()
                return fake.detach()

            def loop_backward(looped: bool) -> Tensor:
                use_loops(looped)
                return backward(loop)

            compare(
                f"training forward and backward, batch {batch}, {size} px",
                {
                    "loops": lambda: loop_backward(True),
                    "dense 512 channels": lambda: loop_backward(False),
                    "shipped": lambda: backward(shipped),
                },
                arguments.repeats,
            )
            loop.zero_grad(set_to_none=True)
            shipped.zero_grad(set_to_none=True)


if __name__ == "__main__":
    main()
