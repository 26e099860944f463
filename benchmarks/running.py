"""Run benchmarks and keep what they measured."""

from __future__ import annotations

import gc
import importlib
import json
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe_machine
from benchmarks.measuring import Settings
from benchmarks.names import BENCHMARKS
from benchmarks.results import write_results
from benchmarks.showing import terminal_table


def run_benchmarks(
    names: Sequence[str], settings: Settings, out: Path | None = None, earlier: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run benchmarks, print their tables, and write everything after each table.

    A benchmark that fails is recorded with its error, and the others go on.

    Args:
        earlier: what a run that was stopped has written: its finished benchmarks are kept, and the others run.

    Returns:
        what is written to `out`: `machine`, `settings`, `started`, and in `benchmarks` by name `seconds`, `tables` and,
        after an error, `problem`.

    Raises:
        ValueError: the earlier run had another machine or other settings.
    """
    torch.set_num_threads(settings.threads)
    result: dict[str, Any] = {
        "kind": "benchmarks",
        "machine": describe_machine(),
        "settings": {
            "quick": settings.quick,
            "threads": settings.threads,
            "repeats": settings.repeats,
            "bf16": settings.bf16,
        },
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "benchmarks": {},
    }
    if earlier is not None:
        result |= {"started": earlier["started"], "benchmarks": finished(earlier, result)}
    for name in [name for name in names if name not in result["benchmarks"]]:
        start, cpu = time.perf_counter(), time.process_time()
        entry: dict[str, Any] = {"what": BENCHMARKS[name], "tables": []}
        result["benchmarks"][name] = entry
        print(f"\n{name}: {BENCHMARKS[name]}", flush=True)
        try:
            module = importlib.import_module(f"benchmarks.{name}")
            torch.manual_seed(0)
            for table in module.tables(settings):
                entry["tables"].append(table.as_json())
                print("\n" + terminal_table(entry["tables"][-1]), flush=True)
                write_results(result, out)
                gc.collect()
        except Exception as error:
            entry["problem"] = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
            entry["traceback"] = traceback.format_exc()[-4000:]
            print(f"{name} failed: {entry['problem']}", flush=True)
        entry["seconds"] = round(time.perf_counter() - start, 1)
        entry["cpu_seconds"] = round(time.process_time() - cpu, 1)
        entry["load"] = describe_machine()["load"]  # of the last minute, at the end
        write_results(result, out)
        print(f"{name} took {entry['seconds']:.0f} s", flush=True)
    return json.loads(json.dumps(result))


def finished(earlier: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The benchmarks that an earlier run has finished without a problem.

    Raises:
        ValueError: it had another machine or other settings than the run of now.
    """
    for what in ("processor", "cores", "torch"):
        if earlier["machine"][what] != now["machine"][what]:
            raise ValueError(
                f"--resume: the earlier run had {what} {earlier['machine'][what]}, this one {now['machine'][what]}"
            )
    if earlier["settings"] != now["settings"]:
        raise ValueError(
            f"--resume: the earlier run had the settings {earlier['settings']}, this one {now['settings']}"
        )
    return {
        name: entry for name, entry in earlier["benchmarks"].items() if "seconds" in entry and "problem" not in entry
    }
