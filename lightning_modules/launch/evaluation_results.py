"""The results of evaluate.py: their folder, the numbers as JSON, the report as HTML."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from hairgan.evaluation.report import comparison, write_report
from hairgan.evaluation.result import Evaluation, append_line, as_text, write_json
from lightning_modules.launch.evaluated_run import EvaluatedRun, Measured
from lightning_modules.launch.folders import check_folder, make_new_folder
from lightning_modules.launch.run_directory import timestamp


def check_results_folder(cfg: DictConfig, runs: Sequence[EvaluatedRun]) -> None:
    """Refuse a path for the results that cannot be a folder, before anything is measured.

    Raises:
        ValueError: naming the path.
    """
    folder = _own_folder(cfg, runs) or Path(cfg.paths.outputs)
    check_folder(f"out={folder}" if cfg.out else str(folder), folder)


def make_results_folder(cfg: DictConfig, runs: Sequence[EvaluatedRun]) -> Path:
    """Make the folder of the results: `out`, the run's own, or for several runs a new one under `paths.outputs`."""
    folder = _own_folder(cfg, runs)
    if folder is None:
        return make_new_folder(Path(cfg.paths.outputs) / "comparisons" / timestamp())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _own_folder(cfg: DictConfig, runs: Sequence[EvaluatedRun]) -> Path | None:
    """The folder that the results share with earlier ones; None where each comparison gets a new one."""
    if cfg.out:
        return Path(cfg.out)
    return runs[0].path / "evaluation" if len(runs) == 1 else None


def write_results(folder: Path, measured: Mapping[str, Measured]) -> None:
    """Write the numbers and the report of some runs, and print the main numbers.

    Args:
        measured: results by the name of the run.
    """
    evaluations: dict[str, Evaluation] = {name: each.evaluation for name, each in measured.items()}
    facts: dict[str, dict[str, Any]] = {name: each.facts for name, each in measured.items()}
    results = {name: facts[name] | {"values": evaluation.values} for name, evaluation in evaluations.items()}
    write_json(folder / "metrics.json", results if len(results) > 1 else next(iter(results.values())))
    for result in results.values():
        append_line(folder / "metrics.jsonl", result)
    report = write_report(folder / "report.html", evaluations, facts)
    for name, evaluation in evaluations.items():
        print(f"{name}, step {facts[name]['step']}, {facts[name]['seconds']:.0f} s")
        print("\n".join(as_text(table) for table in evaluation.tables if not table.detail))
    if len(evaluations) > 1:
        print(as_text(comparison(evaluations)))
    print(f"  report   {os.path.relpath(report)}\n  values   {os.path.relpath(folder / 'metrics.json')}")
