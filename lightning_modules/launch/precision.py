"""A warning if the chosen precision is slow on this machine."""

from __future__ import annotations

import re
import time

import torch
from torch.nn import functional as F

SLOW = 1.2


def slow_precision(precision: str, device_type: str) -> str:
    """A warning if half precision is slower than float32 on this CPU; otherwise empty.

    What a CPU says about itself is not enough. Without instructions for bfloat16, a training step took 12 to 60 times
    as long as in float32. But some processors that have them (AVX-512 BF16) are slower with them, too.

    Args:
        precision: of the Trainer, e.g. `bf16-mixed`.
        device_type: of the device that trains, e.g. `cpu`.
    """
    if device_type != "cpu" or not re.match("(bf)?16", precision):
        return ""
    cost = bfloat16_cost()
    if cost < SLOW:
        return ""
    return (
        f"precision {precision} is slow on this CPU: a convolution takes {cost:.1f} times as long in bfloat16 as in "
        "float32; trainer.precision=32-true will be faster"
    )


def bfloat16_cost() -> float:
    """How many times as long a convolution of 64 channels takes in bfloat16 as in float32, on the CPU, measured."""
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        image = torch.zeros(2, 64, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
        kernels = torch.zeros(64, 64, 3, 3, dtype=dtype)
        times = []
        with torch.inference_mode():
            for _ in range(6):  # the first run is slower
                start = time.process_time()
                F.conv2d(image, kernels, padding=1)
                times.append(time.process_time() - start)
        seconds[dtype] = min(times[1:])
    return seconds[torch.bfloat16] / max(seconds[torch.float32], 1e-6)
