"""Measure a trained model: `python evaluate.py run=outputs/stargan/DATE_TIME`.

`evaluate(cfg)` is the whole of it and returns the values of each run; `main` is the command line around it.
"""

from __future__ import annotations

import datetime
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # before what takes long to import
    from lightning_modules.launch import typed

    typed.prepare("evaluate.py")

import hydra
import torch
import torch.distributed as dist
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from datamodules.base import HairDataModule
from hairgan.curves import draw_curves, read_curves
from hairgan.evaluation.families import evaluate_networks
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.report import comparison, write_report
from hairgan.evaluation.result import Evaluation, Picture, append_line, as_text, write_json
from hairgan.memory import keep_freed_memory
from hairgan.metrics.cache import StatisticsCache
from hairgan.weights.runs import networks_from_run
from hairgan.weights.trusted import check_config, trust
from lightning_modules.launch import settings
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.launch.record import git_state, versions


def evaluate(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Evaluate one run or several, and write numbers and a report.

    Returns:
        the values by run.

    Raises:
        ValueError, OSError: for what a user can get wrong, in one sentence.
    """
    settings.check_evaluation(cfg)
    runs = [Path(run) for run in cfg.runs or [cfg.run]]
    keep_freed_memory()
    trust(cfg.trust)
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if cfg.device == "auto" else cfg.device)
    _join_processes(device)
    protocol = Protocol(cfg.protocol, cfg.inception, cfg.alexnet, device)
    judges = Judges.load(cfg.classifier, cfg.parser, device)

    found: dict[str, Evaluation] = {}
    facts: dict[str, dict[str, Any]] = {}
    for run in runs:
        name = f"{run.absolute().parent.name}/{run.absolute().name}"
        found[name], facts[name] = evaluate_run(run, cfg, protocol, judges, device)
    if not dist.is_initialized() or dist.get_rank() == 0:
        out = Path(cfg.out) if cfg.out else runs[0] / "evaluation" if len(runs) == 1 else Path("comparison")
        _write(out, found, facts)
    return {name: evaluation.values for name, evaluation in found.items()}


def evaluate_run(
    run: Path, cfg: DictConfig, protocol: Protocol, judges: Judges, device: torch.device
) -> tuple[Evaluation, dict[str, Any]]:
    """Evaluate one run with its own config and data; returns the result and the facts about it."""
    networks, about = networks_from_run(run, cfg.checkpoint, averaged=cfg.averaged)
    check_config(about["config"], ("data", "model.masks"), source=f"the config of {run}")
    config = OmegaConf.create(about["config"])
    data: HairDataModule = instantiate(config.data)
    data.setup()
    assert data.dataset is not None
    generator: Any = networks.get("generator")
    make_masks = instantiate(config.model.masks) if getattr(generator, "w_hpf", 0) > 0 else None
    started = time.perf_counter()
    evaluation = evaluate_networks(
        {name: network.to(device) for name, network in networks.items()},
        data.dataset, data.domains, data.membership, protocol,
        metrics=cfg.metrics, judges=judges, split=cfg.split, modes=tuple(cfg.modes), num_outputs=cfg.num_outputs,
        max_sources=cfg.max_sources, batch_size=cfg.batch_size, seed=cfg.seed, device=device, make_masks=make_masks,
        cache=StatisticsCache(Path(config.paths.cache) / "statistics"),
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if (run / "metrics.csv").exists():
        curves = draw_curves(read_curves(run / "metrics.csv"))
        if curves is not None:
            evaluation.pictures.insert(0, Picture("Logged while training", curves, section="Training"))
    facts = {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "run": str(run.absolute()),
        "checkpoint": about["checkpoint"].name,
        "step": about["step"],
        "weights": "averaged (EMA) where kept" if cfg.averaged else "as trained",
        "dataset": data.dataset.fingerprint,
        "image_size": data.dataset.size,
        **evaluation.protocol,
        "processes": dist.get_world_size() if dist.is_initialized() else 1,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {os.cpu_count()} cores",
        "seconds": round(seconds, 1),
        "versions": {"python": platform.python_version(), "hairgan": version("hairgan")} | versions(),
        "git": git_state(),
    }
    return evaluation, facts


def _write(out: Path, found: dict[str, Evaluation], facts: dict[str, dict[str, Any]]) -> None:
    """Write numbers and report, and print the main numbers."""
    out.mkdir(parents=True, exist_ok=True)
    results = {name: facts[name] | {"values": evaluation.values} for name, evaluation in found.items()}
    write_json(out / "metrics.json", results if len(results) > 1 else next(iter(results.values())))
    for result in results.values():
        append_line(out / "metrics.jsonl", result)
    report = write_report(out / "report.html", found, facts)
    for name, evaluation in found.items():
        print(f"{name}, step {facts[name]['step']}, {facts[name]['seconds']:.0f} s")
        print("\n".join(as_text(table) for table in evaluation.tables if not table.detail))
    if len(found) > 1:
        print(as_text(comparison(found)))
    print(f"  report   {os.path.relpath(report)}\n  values   {os.path.relpath(out / 'metrics.json')}")


def _join_processes(device: torch.device) -> None:
    """Under torchrun, share the work among its processes."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Evaluate, and print where the report is."""
    with errors_as_sentences("evaluate.py"):
        evaluate(cfg)


if __name__ == "__main__":
    with errors_as_sentences("evaluate.py"):
        main()
