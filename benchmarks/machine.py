"""The machine that measurements were made on, and the rates it reaches."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch


def describe_machine(device: torch.device | str = "cpu") -> dict[str, Any]:
    """Processor, cores, threads and versions; the GPU's name, memory and driver libraries where there is one."""
    device = torch.device(device)
    described: dict[str, Any] = {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        described |= {
            "gpu": properties.name,
            "gpu_memory_gb": round(properties.total_memory / 2**30, 1),
            "gpu_processors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return described


def processor_name() -> str:
    """As the kernel names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def matrix_rates(device: torch.device, side: int = 8192) -> dict[str, float]:
    """TFLOP/s of a product of two random matrices: float32, float32 with TensorFloat-32 (CUDA only), and bfloat16."""
    rates: dict[str, float] = {}
    kinds: list[tuple[str, torch.dtype, bool]] = [
        ("float32", torch.float32, False),
        ("bfloat16", torch.bfloat16, False),
    ]
    if device.type == "cuda":
        kinds.insert(1, ("tf32", torch.float32, True))
    for name, dtype, tf32 in kinds:
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        seconds = best_of(partial(torch.matmul, a, b), device, 5)
        rates[name] = round(2 * side**3 / seconds / 1e12, 3)
        del a, b
    torch.backends.cuda.matmul.allow_tf32 = False
    return rates


def copy_rate(device: torch.device, megabytes: int = 2048) -> float:
    """GB/s of a copy within the device's memory, bytes read and written."""
    a = torch.empty(megabytes * 2**20, dtype=torch.uint8, device=device)
    b = torch.empty_like(a)
    return round(2 * len(a) / best_of(lambda: b.copy_(a), device, 5) / 1e9, 1)


def best_of(work: Callable[[], Any], device: torch.device, repeats: int) -> float:
    """Seconds of the fastest of several runs, after one more."""
    best = float("inf")
    for number in range(repeats + 1):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if number:
            best = min(best, time.perf_counter() - start)
    return best
