"""What an edit costs: seconds and peak memory an image, with the device they were measured on."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch


@dataclass(frozen=True)
class Cost:
    """Measured on one image at a time.

    Attributes:
        seconds: median seconds per image, without the first call.
        peak_bytes: on a GPU the most memory its tensors took; on a CPU the most memory the process ever took.
        device: the device's name, with the number of threads for a CPU.
    """

    seconds: float
    peak_bytes: int
    device: str


def measure_cost(call: Callable[[], Any], device: torch.device | str, repeats: int = 5) -> Cost:
    """Time `call`, which does the work of one image.

    Args:
        call: the work.
        device: where it runs; on a GPU the clock waits for it.
        repeats: timed calls, after one that is not.
    """
    device = torch.device(device)
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        call()
        if cuda:
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    if cuda:
        peak, name = torch.cuda.max_memory_allocated(device), torch.cuda.get_device_name(device)
    else:
        unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        name = f"{_cpu_name()}, {torch.get_num_threads()} threads"
    return Cost(median(seconds[1:]), peak, name)


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
