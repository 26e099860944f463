"""Ways to compute the training step of an experiment, on a CPU: bfloat16, channels-last, compiled, fused optimizers.

    python -m benchmarks execution --out execution.json                           # the cases below
    python -m benchmarks.execution quickstart --variants channels_last compile    # some experiments, some variants

Each variant is the real module of the experiment, with its batch size and image size, on a random batch. The variants
take turns, so that ratios hold where seconds do not. Compiling is measured in processor seconds, those of the C++
compiler included, in one process and without the files of an earlier compilation. It pays after as many steps as save
those seconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
from collections.abc import Callable, Iterator, Sequence
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
from benchmarks.measuring import Row, Settings, Table, measure
from benchmarks.models import face_like_labels
from benchmarks.results import write_results
from benchmarks.showing import terminal_table
from hairgan.hair_attributes import HEADS
from lightning_modules.execution import Execution

ROOT = Path(__file__).parents[1]
BASE = "float32"
VARIANTS: dict[str, dict[str, Any]] = {
    BASE: {},
    "float32, optimizers not fused": {"fused": False},
    "channels_last": {"channels_last": True},
    "bf16": {"bf16": True},
    "bf16 channels_last": {"bf16": True, "channels_last": True},
    "compile": {"compile": True},
    "compile channels_last": {"compile": True, "channels_last": True},
}
RARE = ("float32, optimizers not fused", "compile channels_last")
"""Variants that are measured only where they are named."""
HEAVY = ("sean as published, batch 1",)
"""Cases that are measured only where they are named: each of their variants takes 4 GB; `sean` has its whole step."""
CASES: dict[str, list[str]] = {
    "quickstart": ["experiment=quickstart"],
    "quickstart_sean": ["experiment=quickstart_sean"],
    "portraits_parser": ["experiment=portraits_parser"],
    "portraits_classifier": ["experiment=portraits_classifier"],
    "salon_hair_layout": ["experiment=salon_hair_layout"],
    "stargan as published, batch 1": ["model=stargan", "batch_size=1"],
    "sean as published, batch 1": ["model=sean", "batch_size=1", "model.perceptual=null"],
    "face_parser as published, batch 4": ["model=face_parser", "batch_size=4"],
    "hair_classifier as published, batch 8": ["model=hair_classifier", "batch_size=8"],
}
"""Overrides by the name of their table: the experiments, and the published networks at 256 px in small batches."""


def tables(settings: Settings) -> Iterator[Table]:
    cases = {"quickstart": [*CASES["quickstart"], "image_size=32", "batch_size=1"]} if settings.quick else CASES
    cases = {name: overrides for name, overrides in cases.items() if name not in HEAVY}
    variants = {name: how for name, how in VARIANTS.items() if name not in RARE}
    variants = {name: how for name, how in variants.items() if not (settings.quick and how.get("compile"))}
    variants = settings.measured(variants)
    for name, overrides in cases.items():
        yield measure_case(name, overrides, variants, settings.repeats)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.execution", description=__doc__)
    parser.add_argument("cases", nargs="+", metavar="CASE", help=f"experiments, or: {'; '.join(CASES)}")
    parser.add_argument("--variants", nargs="+", metavar="VARIANT", help=f"of: {'; '.join(VARIANTS)}; default: all")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, help="file for the measurements, JSON")
    options = parser.parse_args()
    chosen = {name: VARIANTS[name] for name in dict.fromkeys([BASE, *(options.variants or VARIANTS)])}
    torch.set_num_threads(1)
    entry: dict[str, Any] = {"what": "ways to compute a training step", "tables": []}
    result: dict[str, Any] = {
        "kind": "benchmarks",
        "machine": describe_machine(),
        "settings": {"threads": 1, "repeats": options.repeats},
        "benchmarks": {"execution": entry},
    }
    for case in options.cases:
        table = measure_case(case, CASES.get(case, [f"experiment={case}"]), chosen, options.repeats).as_json()
        entry["tables"].append(json.loads(json.dumps(table)))
        print(terminal_table(entry["tables"][-1]), flush=True)
        write_results(result, options.out)


def measure_case(title: str, overrides: Sequence[str], variants: dict[str, dict[str, Any]], repeats: int) -> Table:
    """Measure the variants of one training step; compiled ones after they have compiled."""
    from torch._inductor import config
    from torch._inductor.utils import fresh_cache

    works: dict[str, Callable[[], None]] = {}
    compiling: dict[str, float] = {}
    failed: list[Row] = []
    torch._dynamo.reset()
    for name, settings in variants.items():
        start = cpu_seconds()
        try:
            with fresh_cache(), config.patch(compile_threads=1):  # so that all of its seconds are those of this process
                works[name] = training_step(overrides, **settings)
                works[name]()
                works[name]()  # a step that is not the first one
        except Exception as error:
            works.pop(name, None)
            failed.append(Row(name, problem=f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"))
        if settings.get("compile"):
            compiling[name] = cpu_seconds() - start
    rows = measure(works, repeats=repeats, gflop=False, memory=False)
    plain = statistics.median(rows[0].cpu_s)
    for row in rows:
        if row.name in compiling:
            row.values["compile, CPU s"] = round(compiling[row.name])
            saved = plain - statistics.median(row.cpu_s)
            row.values["pays after steps"] = str(round(compiling[row.name] / saved)) if saved > 0 else "never"
    return Table(title, rows + failed, BASE)


def cpu_seconds() -> float:
    """Processor seconds of this process and of those that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def training_step(
    overrides: Sequence[str],
    *,
    bf16: bool = False,
    channels_last: bool = False,
    compile: bool = False,
    fused: bool = True,
) -> Callable[[], None]:
    """A function that trains the module of a config for one step."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", [*overrides, "domain_names=[a,b,c,d,e,f,g]", "num_domains=7"])
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
