"""Measure a trained model: `python evaluate.py run=outputs/stargan/DATE_TIME`.

`evaluate(cfg)` is the whole of it and returns the values of each run; `main` is the command line around it.
"""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path
from typing import Any

import hydra
import torch
import torch.distributed as dist
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from datamodules.base import HairDataModule
from hairgan.curves import draw_curves, read_curves
from hairgan.evaluation.families import evaluate_networks
from hairgan.evaluation.protocols import Protocol, make_protocol
from hairgan.evaluation.report import comparison, write_report
from hairgan.evaluation.result import Evaluation, Picture, append_line, as_text, write_json
from hairgan.metrics.cache import StatisticsCache
from hairgan.weights.runs import networks_from_run
from lightning_modules.command_line import errors_as_sentences
from lightning_modules.run_directory import git_state, versions


def evaluate(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Evaluate one run or several, and write numbers and a report.

    Returns:
        the values by run.

    Raises:
        ValueError, OSError: for what a user can get wrong, in one sentence.
    """
    runs = [Path(run) for run in cfg.runs or ([cfg.run] if cfg.run else [])]
    if not runs:
        raise ValueError("say which run to evaluate: run=outputs/NAME/DATE_TIME, or runs=[A,B] to compare")
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if cfg.device == "auto" else cfg.device)
    _join_processes(device)
    protocol = make_protocol(cfg.protocol, cfg.inception, cfg.alexnet)
    protocol.extractor.to(device)
    protocol.lpips.to(device)

    found: dict[str, Evaluation] = {}
    facts: dict[str, dict[str, Any]] = {}
    for run in runs:
        name = f"{run.absolute().parent.name}/{run.absolute().name}"
        found[name], facts[name] = evaluate_run(run, cfg, protocol, device)
    if dist.is_initialized() and dist.get_rank():
        return {name: evaluation.values for name, evaluation in found.items()}

    out = Path(cfg.out) if cfg.out else runs[0] / "evaluation" if len(runs) == 1 else Path("comparison")
    out.mkdir(parents=True, exist_ok=True)
    for name, evaluation in found.items():
        result = facts[name] | evaluation.protocol | {"values": evaluation.values}
        if len(runs) == 1:
            write_json(out / "metrics.json", result)
        append_line(out / "metrics.jsonl", result)
    title = f"Evaluation of {', '.join(found)}"
    subtitle = f"{datetime.date.today().isoformat()}, protocol {cfg.protocol}"
    report = write_report(out / "report.html", found, facts, title, subtitle)
    for evaluation in found.values():
        print("\n".join(as_text(table) for table in evaluation.tables))
    if len(found) > 1:
        print(as_text(comparison(found)))
    print(f"  report   {os.path.relpath(report)}\n  values   {os.path.relpath(out)}/metrics.jsonl")
    return {name: evaluation.values for name, evaluation in found.items()}


def evaluate_run(
    run: Path, cfg: DictConfig, protocol: Protocol, device: torch.device
) -> tuple[Evaluation, dict[str, Any]]:
    """Evaluate one run with its own config and data; returns the result and the facts about it."""
    networks, about = networks_from_run(run, cfg.checkpoint, averaged=cfg.averaged)
    config = OmegaConf.create(about["config"])
    data: HairDataModule = instantiate(config.data)
    data.setup()
    assert data.dataset is not None
    generator: Any = networks.get("generator")
    make_masks = instantiate(config.model.masks) if getattr(generator, "w_hpf", 0) > 0 else None
    started = time.perf_counter()
    evaluation = evaluate_networks(
        {name: network.to(device) for name, network in networks.items()},
        data.dataset, data.domains.names, data.membership, protocol,
        split=cfg.split, modes=tuple(cfg.modes), num_outputs=cfg.num_outputs, max_sources=cfg.max_sources,
        batch_size=cfg.batch_size, seed=cfg.seed, device=device, make_masks=make_masks,
        cache=StatisticsCache(Path(config.paths.cache) / "statistics"),
    )  # fmt: skip
    if (run / "metrics.csv").exists():
        curves = draw_curves(read_curves(run / "metrics.csv"))
        if curves is not None:
            evaluation.pictures.append(Picture("Training", curves))
    facts = {
        "run": str(run.absolute()),
        "checkpoint": about["checkpoint"].name,
        "step": about["step"],
        "weights": "averaged" if cfg.averaged else "as trained",
        "dataset": data.dataset.fingerprint,
        "image_size": data.dataset.size,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {os.cpu_count()} cores",
        "seconds": round(time.perf_counter() - started, 1),
        "versions": versions(),
        "git": git_state(),
    }
    return evaluation, facts


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
