"""A warning if the chosen precision is slow on this machine."""

from __future__ import annotations

import re
from pathlib import Path

CPU_FACTS = Path("/proc/cpuinfo")
BFLOAT16 = re.compile(r"\b(avx512\w*|amx_bf16|bf16)\b")
"""Instruction sets, as Linux names them, with which oneDNN computes bfloat16 fast: Intel and AMD, Arm."""


def slow_precision(precision: str, device_type: str) -> str:
    """A warning if half precision runs on a CPU without instructions for it; otherwise empty.

    Such a CPU converts every value to float32 and back: a training step took 12 to 60 times as long as in float32.

    Args:
        precision: of the Trainer, e.g. `bf16-mixed`.
        device_type: of the device that trains, e.g. `cpu`.
    """
    if device_type != "cpu" or not re.match("(bf)?16", precision) or _has_bfloat16():
        return ""
    return (
        f"precision {precision} is slow on this CPU, which has no bfloat16 instructions; "
        "trainer.precision=32-true will be faster"
    )


def _has_bfloat16() -> bool:
    """Whether this CPU computes bfloat16 directly; True if the system does not describe its CPU."""
    try:
        facts = CPU_FACTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    features = re.findall(r"^(?:flags|Features)\s*:(.*)$", facts, flags=re.MULTILINE)
    return not features or any(BFLOAT16.search(line) for line in features)
