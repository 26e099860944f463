"""Search for settings: `python sweep.py sweep=tpe experiment=quickstart`.

A study is a file that any number of workers share. To add a worker, start the same command in another terminal or job;
after a kill, the same command continues the study. A worker runs one trial at a time, in `trial_NNN` beside the file.
"""

from __future__ import annotations

from pathlib import Path

if __name__ == "__main__":  # before the slow imports
    from lightning_modules.launch import command_line

    command_line.prepare("sweep.py")

import hydra
import optuna
from omegaconf import DictConfig

from lightning_modules.launch import settings
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.sweeps.report import write_report
from lightning_modules.sweeps.study import check_one_process, open_study, run_trials
from train import train


def sweep(cfg: DictConfig) -> optuna.Study:
    """Run the missing trials of a study, then write its table and picture.

    Raises:
        ValueError: no sweep was chosen, or some of its trials could not run.
        StoppedBySignal: a signal stopped the worker; its current trial does not count.
    """
    settings.check_sweep(cfg)
    check_one_process(cfg)
    folder = Path(cfg.paths.outputs).absolute() / "sweeps" / cfg.sweep.study
    study = open_study(cfg, folder)
    try:
        run_trials(study, cfg, folder, train)
    except SystemExit:
        write_report(study, cfg.sweep.metric, folder)
        raise
    write_report(study, cfg.sweep.metric, folder)
    return study


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    """Run the sweep that the config's `sweep` group describes."""
    with errors_as_sentences("sweep.py"):
        sweep(cfg)


if __name__ == "__main__":
    with errors_as_sentences("sweep.py"):
        main()
