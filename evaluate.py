"""Measure a trained model: `python evaluate.py run=outputs/stargan/DATE_TIME`.

`evaluate(cfg)` is the whole of it and returns the values of each run; `main` is the command line around it.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # before what takes long to import
    from lightning_modules.launch import command_line

    command_line.prepare("evaluate.py")

import hydra
import torch.distributed as dist
from omegaconf import DictConfig

from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.report import comparison, write_report
from hairgan.evaluation.result import Evaluation, append_line, as_text, write_json
from hairgan.memory import keep_freed_memory
from hairgan.weights.trusted import trust
from lightning_modules.launch import processes, run_directory, settings
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.launch.evaluated_run import EvaluatedRun


def evaluate(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Evaluate one run or several, and write numbers and a report.

    Returns:
        the values by run.

    Raises:
        ValueError, OSError: for what a user can get wrong, in one sentence.
    """
    settings.check_evaluation(cfg)
    processes.check_environment()
    keep_freed_memory()
    trust(cfg.trust)
    runs = _distinct([EvaluatedRun.read(Path(run), cfg) for run in cfg.runs or [cfg.run]])
    _check_place(cfg, list(runs.values()))
    device = processes.join_on(cfg.device)
    judges = Judges.load(cfg.classifier, cfg.parser, device)
    protocol = Protocol(cfg.protocol, cfg.inception, cfg.alexnet, device)
    for run in runs.values():
        run.open_data(cfg, judges)
        protocol.prepare(run.metrics)
    is_first = not dist.is_initialized() or dist.get_rank() == 0
    out = _place(cfg, list(runs.values())) if is_first else None

    measured = {name: run.measure(cfg, protocol, judges, device) for name, run in runs.items()}
    found = {name: evaluation for name, (evaluation, _) in measured.items()}
    if out is not None:
        _write(out, found, {name: facts for name, (_, facts) in measured.items()})
    return {name: evaluation.values for name, evaluation in found.items()}


def _distinct(runs: list[EvaluatedRun]) -> dict[str, EvaluatedRun]:
    """Runs by the names that tables show: the whole path where two have the same name."""
    short = [run.name for run in runs]
    return {str(run.path.absolute()) if short.count(run.name) > 1 else run.name: run for run in runs}


def _check_place(cfg: DictConfig, runs: list[EvaluatedRun]) -> None:
    """Refuse a place for the results that cannot be a folder, before anything is measured.

    Raises:
        ValueError: it is a file, or below one.
    """
    out = Path(cfg.out) if cfg.out else runs[0].path / "evaluation" if len(runs) == 1 else Path(cfg.paths.outputs)
    name = f"out={out}" if cfg.out else str(out)
    there = next((path for path in (out, *out.parents) if os.path.lexists(path)), None)
    if there is not None and not there.is_dir():
        what = name if there == out else f"{name}: {there}"
        raise ValueError(f"{what} is a file; it must be a folder")


def _place(cfg: DictConfig, runs: list[EvaluatedRun]) -> Path:
    """Make the folder of the results: a run's own, or for several a new one under `paths.outputs`."""
    if cfg.out or len(runs) == 1:
        out = Path(cfg.out) if cfg.out else runs[0].path / "evaluation"
        out.mkdir(parents=True, exist_ok=True)
        return out
    comparisons = Path(cfg.paths.outputs) / "comparisons"
    comparisons.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        out = comparisons / (run_directory.stamp() + (f"_{number}" if number > 1 else ""))
        try:
            out.mkdir()
        except FileExistsError:
            continue
        break
    return out


def _write(out: Path, found: dict[str, Evaluation], facts: dict[str, dict[str, Any]]) -> None:
    """Write numbers and report, and print the main numbers."""
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


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Evaluate, and print where the report is."""
    with errors_as_sentences("evaluate.py"):
        evaluate(cfg)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    with errors_as_sentences("evaluate.py"):
        main()
