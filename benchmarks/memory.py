"""The effect of keeping freed memory (`hairgan.memory`) on speed and memory use on a CPU.

    python benchmarks/memory.py --threads 1    # the table of docs/performance.md; minutes

Each workload runs in its own process, with and without, in turns. Prints the CPU seconds of the fastest round and the
largest memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from hairgan.losses.segmentation import bisenet_loss, soft_jaccard_loss
from hairgan.memory import keep_freed_memory
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.resnet import fold_batch_norm
from hairgan.networks.sean import SEANGenerator
from hairgan.text_tables import markdown_table

CALLS = 3


def parser_step() -> Callable[[], object]:
    """Forward and backward pass of `experiment=portraits_parser`."""
    parser = BiSeNet(base_width=16, stem_stride=2, detail=True).to(memory_format=torch.channels_last)
    images, labels = torch.randn(8, 3, 256, 256), torch.randint(0, 19, (8, 256, 256))
    images = images.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            heads = parser.with_auxiliary(images)
            loss = bisenet_loss(heads, labels) + 2 * soft_jaccard_loss(heads[0], labels)
        loss.backward()

    return step


def parse() -> Callable[[], object]:
    """The published face parser on a photo of 512 px."""
    parser, image = fold_batch_norm(BiSeNet().eval()), torch.randn(1, 3, 512, 512)
    return torch.inference_mode()(lambda: parser(image))


def _labels() -> torch.Tensor:
    return torch.randint(0, 19, (1, 8, 8)).repeat_interleave(32, 1).repeat_interleave(32, 2)


def paint() -> Callable[[], object]:
    """The published SEAN generator at 256 px: style codes, layout, painting."""
    sean, image, labels = SEANGenerator().eval(), torch.rand(1, 3, 256, 256) * 2 - 1, _labels()
    return torch.inference_mode()(lambda: sean(labels, sean.encode_styles(image, labels)))


def sean_step() -> Callable[[], object]:
    """Forward and backward pass of the published SEAN generator, one image of 256 px."""
    sean, image, labels = SEANGenerator(), torch.rand(1, 3, 256, 256) * 2 - 1, _labels()
    return lambda: sean(labels, sean.encode_styles(image, labels)).square().mean().backward()


WORKS: dict[str, Callable[[], Callable[[], object]]] = {
    "face parser, 256 px, training step of 8": parser_step,
    "face parser as published, 512 px": parse,
    "SEAN as published, 256 px": paint,
    "SEAN as published, 256 px, training step of 1": sean_step,
}


def child(name: str, threads: int, keep: bool) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if keep:
        keep_freed_memory()
    work = WORKS[name]()
    work()
    best = float("inf")
    for _ in range(CALLS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    print(json.dumps([best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--child", nargs=2, metavar=("WORK", "KEEP"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], arguments.threads, arguments.child[1] == "kept")
        return
    rows = []
    for name in WORKS:
        found: dict[str, list[tuple[float, float]]] = {"given back": [], "kept": []}
        for _ in range(arguments.rounds):
            for way, results in found.items():
                program = [sys.executable, __file__, "--threads", str(arguments.threads), "--child", name, way]
                results.append(tuple(json.loads(subprocess.run(program, check=True, stdout=subprocess.PIPE).stdout)))
        (plain, plain_mb), (kept, kept_mb) = (min(results) for results in found.values())
        times = [plain, kept, plain / kept]
        rows.append([name, *(f"{value:.2f}" for value in times), f"{plain_mb:.0f}", f"{kept_mb:.0f}"])
    print(markdown_table(["work", "CPU s", "kept", "x", "peak MB", "kept"], rows))


if __name__ == "__main__":
    main()
