"""Measure a trained model: `python evaluate.py run=outputs/stargan/DATE_TIME`.

`evaluate(cfg)` is the whole evaluation and returns the values of each run; `main` is the command line around it.
"""

from __future__ import annotations

from pathlib import Path

if __name__ == "__main__":  # before the slow imports
    from lightning_modules.launch import command_line

    command_line.prepare("evaluate.py")

import hydra
import torch.distributed as dist
from omegaconf import DictConfig

from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.memory import keep_freed_memory
from hairgan.weights.trusted import trust
from lightning_modules.launch import processes, settings
from lightning_modules.launch.errors import errors_as_sentences
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


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Evaluate, and print the main numbers and the path of the report."""
    with errors_as_sentences("evaluate.py"):
        evaluate(cfg)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    with errors_as_sentences("evaluate.py"):
        main()
