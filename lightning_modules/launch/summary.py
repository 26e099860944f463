"""The lines that a run prints before it starts and after it ends."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig

from hairgan import programs
from hairgan.weights import runs
from lightning_modules.base import PhasedModule
from lightning_modules.callbacks import Checkpoints
from lightning_modules.launch import record
from lightning_modules.launch.precision import slow_precision
from lightning_modules.launch.quoting import quote_override
from lightning_modules.launch.starting_weights import as_text


def plan(cfg: DictConfig, data: Any, module: PhasedModule, trainer: pl.Trainer, results: str, start: int) -> str:
    """Networks, data, device, steps and results of a run that is about to start, as lines to print."""
    sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in module.networks.items()}
    counts = data.counts()
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} ({os.cpu_count()} cores)"
    rows = {
        "model": ", ".join(f"{name} {size / 1e6:.2f} M{_frozen(module, name)}" for name, size in sizes.items()),
        **({"start": "\n           ".join(as_text(module.start).splitlines())} if module.start else {}),
        "data": data.describe()["path"],
        "images": ", ".join(f"{split} {count['all']}" for split, count in counts.items()) + f" of {cfg.image_size} px",
        **({"skipped": report} if (report := "\n           ".join(data.skip_report().splitlines())) else {}),
        **({"changed": "\n           ".join(changes)} if start and (changes := _changes(cfg, data, results)) else {}),
        "domains": ", ".join(f"{domain} {n}" for domain, n in counts["train"].items() if domain != "all"),
        "device": f"{trainer.world_size} x {name}, precision {trainer.precision}",
        **({"warning": warning} if (warning := slow_precision(str(trainer.precision), device.type)) else {}),
        "steps": f"{start} to {cfg.steps}, {cfg.batch_size} images each, seed {cfg.seed}",
        "results": results,
    }
    return "\n".join(f"  {label:<8} {text}" for label, text in rows.items())


def _frozen(module: PhasedModule, network: str) -> str:
    trained = {parameter.requires_grad for parameter in module.networks[network].parameters()}
    return {frozenset([False]): " (frozen)", frozenset([True, False]): " (partly frozen)"}.get(frozenset(trained), "")


def _changes(cfg: DictConfig, data: Any, run_dir: str) -> list[str]:
    """What a continued run does differently from before, as lines."""
    of_data = _data_change(Path(run_dir), data.describe())
    return [*record.changed_settings(Path(run_dir), cfg), *([of_data] if of_data else [])]


def _data_change(run_dir: Path, now: dict[str, Any]) -> str:
    """The difference from the data that a continued run trained on before; empty if it is the same."""
    before = next((entry["dataset"] for entry in reversed(record.read(run_dir)) if "dataset" in entry), None)
    if not isinstance(before, dict) or before.get("fingerprint") == now["fingerprint"]:
        return ""
    return (
        f"the run trained on other data before: {_images(before)} in {before.get('path')}, fingerprint "
        f"{before.get('fingerprint')}; now {_images(now)}, fingerprint {now['fingerprint']}"
    )


def _images(dataset: dict[str, Any]) -> str:
    counts = dataset.get("counts")
    if not isinstance(counts, dict):
        return "images"
    return f"{sum(split.get('all', 0) for split in counts.values() if isinstance(split, dict))} images"


def summary(cfg: DictConfig, module: PhasedModule, callbacks: Iterable[pl.Callback], run_dir: Path) -> str:
    """The paths of the results and commands for the next steps, as lines to print. Only existing files are named."""
    shown = os.path.relpath(run_dir)
    stopped = module.steps_done < cfg.steps
    grids = sorted((run_dir / "samples").glob("*.png"), key=lambda path: path.stem.rpartition("_")[2])
    curves = [f"{shown}/{name}" for name in ("curves.png", "metrics.csv") if (run_dir / name).is_file()]
    rows = {"stopped" if stopped else "done": f"{module.steps_done} of {cfg.steps} steps"}
    if grids:
        rows["samples"] = os.path.relpath(grids[-1])
    if curves:
        rows["curves"] = ", ".join(curves)
    if runs.by_step(run_dir / runs.FOLDER):
        rows["weights"] = f"{shown}/{runs.FOLDER}"
        if best := _best(callbacks, run_dir):
            rows["best"] = best
        more = "" if stopped else f" steps={2 * cfg.steps}"
        rows["continue"] = f"{programs.command('train')} {quote_override('resume', shown)}{more}"
        if not stopped:
            rows["evaluate"] = f"{programs.command('evaluate')} {quote_override('run', shown)}"
            if "best" in rows:
                rows["evaluate"] += " checkpoint=best"
    return "\n".join(f"  {label:<8} {text}" for label, text in rows.items())


def _best(callbacks: Iterable[pl.Callback], run_dir: Path) -> str:
    """The best value and its checkpoint; empty if no best checkpoint is kept."""
    for callback in callbacks:
        if (
            isinstance(callback, Checkpoints)
            and callback.best is not None
            and (run_dir / runs.FOLDER / runs.BEST).is_file()
        ):
            return f"{callback.monitor} {callback.best:.4g} at step {callback.best_step}, in {runs.BEST}"
    return ""
