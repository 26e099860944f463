"""The core of all benchmarks: time, memory and arithmetic of pieces of work that take turns.

    works = {"plain": plain, "ours": ours}
    rows = measure(works, repeats=3)          # seconds, memory and GFLOP of each
    table = Table("forward", rows, baseline="plain")

A piece of work is a function without arguments. If it returns an iterator of texts, it is run to its end, and each text
is the name of the part that has just been done. The works run in turns, so that a change in what else the machine does
meets all of them alike; ratios are taken within a round. On a CPU that does other work, processor seconds of one thread
are the figure to look at; with CUDA it is wall seconds between two synchronizations.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

Work = Callable[[], Any]

MB = 2**20


@dataclass(frozen=True)
class Settings:
    """How benchmarks are run.

    Attributes:
        quick: very small networks, images and counts: seconds, to see that everything runs.
        threads: CPU threads of the networks.
        repeats: timed runs of each work.
        bf16: whether bfloat16 is measured too; pointless on a CPU that has no instructions for it.
    """

    quick: bool = False
    threads: int = 1
    repeats: int = 3
    bf16: bool = True

    def measured(self, works: Mapping[str, Any]) -> dict[str, Any]:
        """Works by name, without those whose names have the word bf16 where it is not measured."""
        return {name: work for name, work in works.items() if self.bf16 or "bf16" not in name.split()}


@dataclass
class Row:
    """What was measured of one piece of work, or computed: then it has values only.

    Attributes:
        name: the work's.
        wall_s, cpu_s: seconds of each repeat; processor seconds are those of all threads of the process.
        parts_s: wall seconds of each part, one list entry per repeat.
        parts_cpu_s: the same in processor seconds.
        gflop: billions of floating-point operations of matrix products and convolutions; None if not counted.
        peak_mb: on a CPU the growth of the process at its peak, with CUDA the peak of its memory; None if unknown.
        values: further values by name.
        problem: why there are no measurements.
    """

    name: str
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    parts_s: dict[str, list[float]] = field(default_factory=dict)
    parts_cpu_s: dict[str, list[float]] = field(default_factory=dict)
    gflop: float | None = None
    peak_mb: float | None = None
    values: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None

    @property
    def seconds(self) -> float:
        """The median of the wall seconds."""
        return statistics.median(self.wall_s)

    def as_json(self) -> dict[str, Any]:
        if self.problem is not None:
            return {"name": self.name, "problem": self.problem} | self.values
        described: dict[str, Any] = {"name": self.name}
        if self.wall_s:
            described |= {"wall_s": spread(self.wall_s), "cpu_s": spread(self.cpu_s)}
        if self.parts_s:
            described["parts"] = {
                part: {"wall_s": spread(seconds), "cpu_s": spread(self.parts_cpu_s[part])}
                for part, seconds in self.parts_s.items()
            }
        if self.gflop is not None:
            described["gflop"] = round(self.gflop, 3)
        if self.peak_mb is not None:
            described["peak_mb"] = round(self.peak_mb, 1)
        return described | self.values

    @classmethod
    def from_json(cls, described: dict[str, Any]) -> Row:
        """The row that `as_json` described."""
        rest = dict(described)
        row = cls(rest.pop("name"), problem=rest.pop("problem", None))
        if "wall_s" in rest:
            row.wall_s, row.cpu_s = rest.pop("wall_s")["runs"], rest.pop("cpu_s")["runs"]
        if row.problem is None:
            for part, times in rest.pop("parts", {}).items():
                row.parts_s[part], row.parts_cpu_s[part] = times["wall_s"]["runs"], times["cpu_s"]["runs"]
            row.gflop, row.peak_mb = rest.pop("gflop", None), rest.pop("peak_mb", None)
        row.values = rest
        return row


@dataclass
class Table:
    """Rows that are compared with one of them.

    Attributes:
        title: what the rows do.
        rows: in the order in which they are shown.
        baseline: name of the row that the others are compared with; None for no comparison.
        values: further values by name.
    """

    title: str
    rows: list[Row]
    baseline: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        described = [row.as_json() for row in self.rows]
        base = next((row for row in self.rows if row.name == self.baseline and row.wall_s), None)
        if base is not None:
            for row, shown in zip(self.rows, described, strict=True):
                if row.wall_s:
                    shown["times_faster"] = {
                        "wall": ratio(base.wall_s, row.wall_s),
                        "cpu": ratio(base.cpu_s, row.cpu_s),
                    }
        return {"title": self.title, "baseline": self.baseline, "rows": described} | self.values


def spread(values: list[float]) -> dict[str, Any]:
    """Median, extremes and all values, rounded to six digits."""
    digits = [float(f"{value:.6g}") for value in values]
    return {
        "median": float(f"{statistics.median(values):.6g}"),
        "min": min(digits),
        "max": max(digits),
        "runs": digits,
    }


def ratio(base: list[float], other: list[float]) -> float | None:
    """How many times faster the other is: the median over rounds if both took part in the same ones."""
    if min(other) <= 0 or min(base) <= 0:  # below the clock's resolution
        return None
    if len(base) == len(other):
        value = statistics.median(b / o for b, o in zip(base, other, strict=True))
    else:
        value = statistics.median(base) / statistics.median(other)
    return float(f"{value:.4g}")


def measure(
    works: Mapping[str, Work],
    *,
    repeats: int,
    warmups: int = 1,
    device: torch.device | str = "cpu",
    seconds: float | None = None,
    gflop: bool = True,
    memory: bool = True,
) -> list[Row]:
    """Measure pieces of work, in turns.

    Args:
        works: name -> work.
        repeats: number of timed runs of each.
        warmups: number of runs before; the first of them counts the arithmetic.
        device: where they run. With CUDA every time is taken after the device has finished.
        seconds: no more rounds are begun after so many seconds; None for no limit. There is always one.
        gflop: whether the arithmetic is counted.
        memory: whether the peak of the memory is measured, in one more run on a CPU.
    """
    device = torch.device(device)
    rows = {name: Row(name) for name in works}
    for number in range(warmups):
        for name, work in works.items():
            if gflop and number == 0:
                rows[name].gflop = count_gflop(work)
            else:
                run(work)
    start = time.perf_counter()
    for number in range(repeats):
        if number and seconds is not None and time.perf_counter() - start > seconds:
            break
        for name, work in works.items():
            time_once(work, device, rows[name])
    if memory:
        gc.collect()
        for name, work in works.items():
            rows[name].peak_mb = peak_memory(work, device)
    return list(rows.values())


def run(work: Work) -> None:
    """Run a piece of work to its end."""
    done = work()
    if isinstance(done, Iterator):
        for _ in done:
            pass


def whole(work: Work) -> Work:
    """The work without its parts, so that nothing waits for the device between them."""

    def run_all() -> None:
        done = work()
        if isinstance(done, Iterator):
            for _ in done:
                pass

    return run_all


def time_once(work: Work, device: torch.device, row: Row) -> None:
    """Run a piece of work once and add its times to the row."""
    wait_for(device)
    wall, cpu = time.perf_counter(), time.process_time()
    last_wall, last_cpu = wall, cpu
    done = work()
    if isinstance(done, Iterator):
        for part in done:
            wait_for(device)
            now, cpu_now = time.perf_counter(), time.process_time()
            row.parts_s.setdefault(part, []).append(now - last_wall)
            row.parts_cpu_s.setdefault(part, []).append(cpu_now - last_cpu)
            last_wall, last_cpu = now, cpu_now
    del done
    wait_for(device)
    row.wall_s.append(time.perf_counter() - wall)
    row.cpu_s.append(time.process_time() - cpu)


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def count_gflop(work: Work) -> float:
    """Billions of floating-point operations of matrix products and convolutions."""
    with ArithmeticCounter() as counter:
        run(work)
    return counter.flop / 1e9


class ArithmeticCounter(TorchDispatchMode):
    """Counts with PyTorch's formulas, as its `FlopCounterMode`, whose module hooks forbid `backward(inputs=...)`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flop = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if packet not in flop_registry:
            if torch.is_inference_mode_enabled():  # operations arrive before they are split into others
                with self:
                    result = func.decompose(*args, **kwargs)
                if result is not NotImplemented:
                    return result
            return func(*args, **kwargs)
        result = func(*args, **kwargs)
        self.flop += flop_registry[packet](*args, **kwargs, out_val=result)
        return result


def peak_memory(work: Work, device: torch.device) -> float | None:
    """MB: with CUDA the peak of allocated memory, on a CPU the growth of the process at its peak (Linux only)."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        run(work)
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) / MB
    if sys.platform != "linux":
        return None
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    except OSError:  # another libc, or not allowed
        return None
    before = resident("VmRSS")
    run(work)
    return resident("VmHWM") - before


def resident(field_name: str) -> float:
    """MB of this process by a name of `/proc/self/status`: `VmRSS` now, `VmHWM` at its peak (Linux only)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field_name)).split()[1]) / 1024


def largest_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest absolute difference of two tensors, to two digits."""
    return float(f"{float((a.float() - b.float()).abs().max()):.2g}")
