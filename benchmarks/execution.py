"""Ways to compute the training step of an experiment, on a CPU: bfloat16, channels-last, compiled, fused optimizers.

    PYTHONPATH=src OMP_NUM_THREADS=1 python -m benchmarks.execution quickstart quickstart_sean --out execution.json
    PYTHONPATH=src OMP_NUM_THREADS=1 python -m benchmarks.execution quickstart --compile

Each variant is the real module of the experiment, with its batch size and image size, on a random batch. The variants
take turns, so that ratios hold where seconds do not.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig

from benchmarks.machine import describe_machine
from benchmarks.measuring import Row, Table, measure
from benchmarks.models import face_like_labels
from hairgan.hair_attributes import HEADS
from hairgan.text_tables import aligned_table
from lightning_modules.execution import Execution

ROOT = Path(__file__).parents[1]
BASE = "float32"
VARIANTS = {
    BASE: {},
    "float32, optimizers not fused": {"fused": False},
    "channels_last": {"channels_last": True},
    "bf16": {"bf16": True},
    "bf16 channels_last": {"bf16": True, "channels_last": True},
}
COMPILED = {
    "compile": {"compile": True},
    "bf16 channels_last compile": {"bf16": True, "channels_last": True, "compile": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.execution", description=__doc__)
    parser.add_argument("experiments", nargs="+", help="of conf/experiment")
    parser.add_argument("--compile", action="store_true", help="also compiled variants, which take minutes to compile")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, help="file for the measurements, JSON")
    options = parser.parse_args()
    result: dict[str, Any] = {"kind": "execution", "machine": describe_machine(), "tables": []}
    for experiment in options.experiments:
        table = measure_experiment(experiment, VARIANTS | (COMPILED if options.compile else {}), options.repeats)
        result["tables"].append(table.as_json())
        print(experiment)
        print(aligned_table(["", "CPU s per step", "times faster", "compiled in s"], lines(table)), flush=True)
        if options.out:
            options.out.write_text(json.dumps(result, indent=1))


def lines(table: Table) -> list[list[str]]:
    shown = []
    for row in table.as_json()["rows"]:
        if "problem" in row:
            shown.append([row["name"], row["problem"], "", ""])
        else:
            seconds, faster = f"{row['cpu_s']['median']:.3f}", f"{row['times_faster']['cpu']:.2f}"
            shown.append([row["name"], seconds, faster, f"{row.get('compile_s', '')}"])
    return shown


def measure_experiment(experiment: str, variants: dict[str, dict[str, Any]], repeats: int) -> Table:
    works: dict[str, Callable[[], None]] = {}
    notes: dict[str, Any] = {}
    failed: list[Row] = []
    for name, settings in variants.items():
        start = time.perf_counter()
        try:
            works[name] = training_step(experiment, **settings)
            works[name]()  # compiles
        except Exception as error:
            works.pop(name, None)
            failed.append(Row(name, problem=f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"))
        if settings.get("compile"):
            notes[name] = round(time.perf_counter() - start)
    rows = measure(works, repeats=repeats, gflop=False, memory=False)
    for row in rows:
        if row.name in notes:
            row.values["compile_s"] = notes[row.name]
    return Table(experiment, rows + failed, BASE)


def training_step(
    experiment: str, *, bf16: bool = False, channels_last: bool = False, compile: bool = False, fused: bool = True
) -> Callable[[], None]:
    """A function that trains the experiment's module for one step."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", [f"experiment={experiment}", "domain_names=[a,b,c,d,e,f,g]", "num_domains=7"])
    torch.manual_seed(0)
    module = instantiate(cfg.model).train()
    module.execution = replace(Execution(), channels_last=channels_last, compile=compile)
    module.gradient_clip = cfg.gradient_clip
    module.configure_model()
    if not fused:
        module._make_optimizer = {
            name: lambda parameters, make=make: make(parameters) for name, make in module._make_optimizer.items()
        }
    optimizers = module.configure_optimizers()
    module.optimizers = lambda use_pl_optimizer: optimizers
    strategy = SimpleNamespace(backward=lambda loss, optimizer, **options: loss.backward(**options))
    module._trainer = SimpleNamespace(
        log_every_n_steps=10,
        num_training_batches=10**9,
        loggers=[],
        precision_plugin=SimpleNamespace(),
        global_rank=0,
        strategy=strategy,
    )
    batch = random_batch(cfg)

    def step() -> None:
        module.on_train_batch_start(batch, 0)
        with torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext():
            module.training_step(batch, 0)

    return step


def random_batch(cfg: DictConfig) -> dict[str, Any]:
    """Images of noise, and label maps of crude heads, in the shapes of the experiment."""
    torch.manual_seed(1)
    rows, size = cfg.batch_size, cfg.image_size
    batch: dict[str, Any] = {"step": 0, "first_row": 0, "global_batch": rows, "ids": torch.arange(rows)}
    for name in ("images", "x", "x_ref", "x_ref2"):
        batch[name] = torch.rand(rows, 3, size, size) * 2 - 1
    for name in ("labels", "source", "reference", "target"):
        batch[name] = face_like_labels(rows, size)
    for name in ("y_org", "y_trg"):
        batch[name] = torch.arange(rows) % 7
    batch["targets"] = torch.stack([torch.arange(rows) % len(classes) for classes in HEADS.values()], dim=1)
    return batch


if __name__ == "__main__":
    main()
