"""A whole search for settings, from its config to its table and picture."""

from __future__ import annotations

from pathlib import Path

import optuna
from omegaconf import DictConfig

from lightning_modules.launch import settings
from lightning_modules.launch.training import train
from lightning_modules.sweeps.report import write_report
from lightning_modules.sweeps.study import check_one_process, open_study, run_trials


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
