"""The effect of keeping freed memory (`hairgan.memory`) on speed and memory use on a CPU.

Each work runs in a process of its own, with and without, in turns. Seconds are those of its calls; memory is the
largest of the whole process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import torch

from benchmarks.measuring import Row, Settings, Table, resident
from hairgan.losses.segmentation import bisenet_loss, soft_jaccard_loss
from hairgan.memory import keep_freed_memory
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.resnet import fold_batch_norm
from hairgan.networks.sean import SEANGenerator

CALLS = 3
GIVEN_BACK, KEPT = "given back", "kept"


def parser_step(quick: bool, bf16: bool) -> Callable[[], object]:
    """Forward and backward pass of `experiment=portraits_parser`."""
    size = 64 if quick else 256
    parser = BiSeNet(base_width=16, stem_stride=2, detail=True).to(memory_format=torch.channels_last)
    images, labels = torch.randn(8, 3, size, size), torch.randint(0, 19, (8, size, size))
    images = images.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            heads = parser.with_auxiliary(images)
            loss = bisenet_loss(heads, labels) + 2 * soft_jaccard_loss(heads[0], labels)
        loss.backward()

    return step


def parse(quick: bool, bf16: bool) -> Callable[[], object]:
    """The published face parser on a photo of 512 px."""
    parser, image = fold_batch_norm(BiSeNet().eval()), torch.randn(1, 3, 512, 512)
    return torch.inference_mode()(lambda: parser(image))


def paint(quick: bool, bf16: bool) -> Callable[[], object]:
    """The published SEAN generator at 256 px: style codes, layout, painting."""
    sean, image, labels = SEANGenerator().eval(), torch.rand(1, 3, 256, 256) * 2 - 1, _labels()
    return torch.inference_mode()(lambda: sean(labels, sean.encode_styles(image, labels)))


def sean_step(quick: bool, bf16: bool) -> Callable[[], object]:
    """Forward and backward pass of the published SEAN generator, one image of 256 px."""
    sean, image, labels = SEANGenerator(), torch.rand(1, 3, 256, 256) * 2 - 1, _labels()
    return lambda: sean(labels, sean.encode_styles(image, labels)).square().mean().backward()


def _labels() -> torch.Tensor:
    return torch.randint(0, 19, (1, 8, 8)).repeat_interleave(32, 1).repeat_interleave(32, 2)


WORKS: dict[str, Callable[[bool, bool], Callable[[], object]]] = {
    "face parser, training step of 8": parser_step,
    "face parser as published, 512 px": parse,
    "SEAN as published, 256 px": paint,
    "SEAN as published, 256 px, training step of 1": sean_step,
}


def tables(settings: Settings) -> Iterator[Table]:
    for name in list(WORKS)[: 1 if settings.quick else None]:
        rows = {way: Row(way) for way in (GIVEN_BACK, KEPT)}
        for _ in range(1 if settings.quick else 2):
            for way, row in rows.items():
                found = in_process(name, way == KEPT, settings)
                row.wall_s += found["wall_s"]
                row.cpu_s += found["cpu_s"]
                row.peak_mb = max(row.peak_mb or 0, found["peak_mb"])
        yield Table(name, list(rows.values()), GIVEN_BACK)


def in_process(name: str, keep: bool, settings: Settings) -> dict[str, list[float]]:
    """Measure a work in a process of its own."""
    given = json.dumps(
        {"name": name, "keep": keep, "threads": settings.threads, "quick": settings.quick, "bf16": settings.bf16}
    )
    program = "import sys, benchmarks.memory; benchmarks.memory.child(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, given], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def child(given: str) -> None:
    """What the process does: print the seconds of a few calls, and its memory, as JSON."""
    options = json.loads(given)
    torch.set_num_threads(options["threads"])
    torch.manual_seed(0)
    if options["keep"]:
        keep_freed_memory()
    work = WORKS[options["name"]](options["quick"], options["bf16"])
    work()
    wall_s, cpu_s = [], []
    for _ in range(1 if options["quick"] else CALLS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
    peak = peak_mb()
    print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak}))


def peak_mb() -> float:
    """The largest memory of this process. On Linux `ru_maxrss` starts with that of the process that started it."""
    if sys.platform == "linux":
        return resident("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
