"""A whole evaluation of one run or several, from its config to its report."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.memory import keep_freed_memory
from hairgan.weights.trusted import trust
from lightning_modules.launch import processes, settings
from lightning_modules.launch.evaluated_run import EvaluatedRun, by_name
from lightning_modules.launch.evaluation_results import check_results_folder, make_results_folder, write_results


def evaluate(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Evaluate one run or several, and write numbers and a report.

    Returns:
        the values by run.

    Raises:
        ValueError, OSError: an error that a user can cause, in one sentence.
    """
    settings.check_evaluation(cfg)
    processes.check_environment()
    keep_freed_memory()
    trust(cfg.trust)
    runs = by_name([EvaluatedRun.read(Path(run), cfg) for run in cfg.runs or [cfg.run]])
    check_results_folder(cfg, list(runs.values()))
    device = processes.connect_on(cfg.device)
    judges = Judges.load(cfg.classifier, cfg.parser, cfg.embedder, device)
    protocol = Protocol(cfg.protocol, cfg.inception, cfg.alexnet, device)
    for run in runs.values():
        run.open_data(cfg, judges)
        protocol.prepare(run.metrics)
    folder = make_results_folder(cfg, list(runs.values())) if processes.is_first() else None

    measured = {name: run.measure(cfg, protocol, judges, device) for name, run in runs.items()}
    if folder is not None:
        write_results(folder, measured)
    return {name: each.evaluation.values for name, each in measured.items()}
