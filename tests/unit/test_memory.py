import subprocess
import sys

import pytest

PROGRAM = """
import resource, torch
from hairgan.memory import keep_freed_memory
{call}
def faults():
    start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16 * 1024 * 1024)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start
faults()
print(faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_freed_memory_is_kept():
    """New tensors then cost no page faults; without, each is mapped again."""

    def faults(call: str) -> int:
        program = [sys.executable, "-c", PROGRAM.format(call=call)]
        return int(subprocess.run(program, capture_output=True, text=True, check=True).stdout)

    assert faults("assert keep_freed_memory()") < 0.1 * faults("")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a function of glibc")
def test_freed_memory_can_be_given_back():
    program = """
import numpy as np
from pathlib import Path
from hairgan.memory import give_back_freed_memory, keep_freed_memory
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
assert keep_freed_memory()
small = [np.ones(100) for _ in range(1000)]
np.ones(2**25)  # 256 MiB
kept = resident()
give_back_freed_memory()
assert kept - resident() > 2**27
"""
    subprocess.run([sys.executable, "-c", program], check=True)
