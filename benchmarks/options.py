"""StarGAN v2's options that change its mathematics: short trainings of the quickstart with each, and without.

All have the same seed, and so the same images, domains and latent codes. So short a training shows the cost of a step
and which way the metrics go, not what a long one reaches.

    python -m benchmarks options                           # 100 steps each
    python -m benchmarks.options --steps 600 --out FILE    # as many as the quickstart has
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir

from benchmarks.machine import describe_machine
from benchmarks.measuring import Row, Settings, Table
from benchmarks.results import write_results
from benchmarks.showing import terminal_table
from lightning_modules.launch.training import train

ROOT = Path(__file__).parents[1]
BASE = "as published"
STEPS = 100
QUICK = ["image_size=32", "data.count=140", "batch_size=1", "callbacks.generative_metrics=null"]


def tables(settings: Settings) -> Iterator[Table]:
    yield options_table(2 if settings.quick else STEPS, QUICK if settings.quick else [])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.options", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="of each training")
    parser.add_argument("--out", type=Path, help="file for the measurements, JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = options_table(options.steps).as_json()
    print(terminal_table(table))
    entry = {"what": "options of StarGAN v2", "tables": [table]}
    machine = describe_machine()
    write_results({"kind": "benchmarks", "machine": machine, "benchmarks": {"options": entry}}, options.out)


def options_table(steps: int, more: Sequence[str] = ()) -> Table:
    """One row per option, the last of them with all."""
    half = steps // 2
    options = {
        BASE: [],
        "reg_every=16": ["model.reg_every=16"],
        "phases=fused": ["model.phases=fused"],
        f"half_resolution_steps={half}": [f"model.half_resolution_steps={half}"],
    }
    rows = []
    for name, overrides in options.items():
        rows.append(trained(name, [*overrides, *more], steps))
        print(name, rows[-1].values, rows[-1].cpu_s, flush=True)
    return Table(f"training step of the quickstart, after {steps} steps", rows, BASE)


def trained(name: str, overrides: Sequence[str], steps: int) -> Row:
    """Train with overrides. The row has the mean seconds of a step, and the metrics at the end."""
    stopwatch = Stopwatch()
    fixed = ["experiment=quickstart", "logger=none", "callbacks.sample_grids=null", f"steps={steps}"]
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        metrics = [] if "callbacks.generative_metrics=null" in overrides else [every(steps)]
        values = train(compose("config", [*fixed, f"run_dir={folder}/run", *metrics, *overrides]), [stopwatch])
    row = Row(name, [stopwatch.mean(0)], [stopwatch.mean(1)])
    for mode in ("latent", "reference"):
        for metric in ("fid_embedded", "lpips_embedded_diversity"):
            if (value := values.get(f"metrics/{mode}/{metric}/mean")) is not None:
                row.values[f"{metric}, {mode}"] = round(value, 3)
    return row


def every(steps: int) -> str:
    return f"callbacks.generative_metrics.every_n_steps={steps}"


class Stopwatch(pl.Callback):
    """Wall and processor seconds of each step."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, float]] = []

    def on_train_batch_start(self, *_: Any) -> None:
        self._start = time.perf_counter(), time.process_time()

    def on_train_batch_end(self, *_: Any) -> None:
        wall, cpu = self._start
        self.steps.append((time.perf_counter() - wall, time.process_time() - cpu))

    def mean(self, clock: int) -> float:
        """Seconds per step, without the first and the last one, which the metrics follow."""
        timed = self.steps[1:-1] or self.steps
        return sum(step[clock] for step in timed) / len(timed)


if __name__ == "__main__":
    main()
