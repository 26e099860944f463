"""One trial of a study: a training run with suggested settings."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from optuna.trial import FrozenTrial, TrialState
from pytorch_lightning.callbacks import Callback

from lightning_modules.callbacks.trial_report import TrialReport
from lightning_modules.launch import settings
from lightning_modules.phase import NonFiniteError
from lightning_modules.stop_signals import StoppedBySignal

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
OUTCOME = "how"
"""Attribute of a trial without a value: what happened to it. The key is the one of existing study files."""
REASON = "why"

Train = Callable[[DictConfig, Sequence[Callback]], Any]
"""Trains what a config describes, with additional callbacks (`lightning_modules.launch.training.train`)."""


class TrialStoppedError(Exception):
    """A trial that a signal stopped. Optuna marks the trial as failed, and the worker ends."""

    def __init__(self, number: int, stopped: StoppedBySignal) -> None:
        super().__init__(f"trial {number} was {stopped}")
        self.stopped = stopped


def run_trial(trial: optuna.Trial, cfg: DictConfig, folder: Path, train: Train) -> float:
    """Train with the settings of a trial.

    Args:
        trial: suggests the settings.
        cfg: the config of the sweep.
        folder: folder of the study, which gets the trial's run directory.
        train: trains a config.

    Returns:
        the last value of the metric.

    Raises:
        optuna.TrialPruned: the trial was worse than others, diverged, ran out of memory, has no value, or its settings
            do not fit each other. The sampler avoids such settings and the study continues.
        TrialStoppedError: a signal asked the worker to stop; the trial does not count.
    """
    cfg = config_of_trial(trial, cfg, folder)
    try:
        settings.check_training(cfg)
    except ValueError as error:  # before the first trial, each setting was checked on its own
        raise _failed(trial, "refused", str(error)) from error
    callback = TrialReport(trial, cfg.sweep.metric)
    try:
        train(cfg, [callback])
    except StoppedBySignal as stopped:
        raise TrialStoppedError(trial.number, stopped) from stopped
    except NonFiniteError as error:
        raise _failed(trial, "diverged", str(error)) from error
    except torch.OutOfMemoryError as error:
        raise _failed(trial, "no memory", str(error)) from error
    if callback.pruned:
        raise optuna.TrialPruned
    if callback.value is None or not math.isfinite(callback.value):
        raise _failed(trial, "no value", f"its run measured no finite value of {cfg.sweep.metric}")
    return callback.value


def config_of_trial(trial: optuna.Trial, cfg: DictConfig, folder: Path) -> DictConfig:
    """The config of a trial: suggested settings, a run directory `trial_NNN`, and a name for trackers."""
    cfg = copy.deepcopy(cfg)
    for name, choices in cfg.sweep.space.items():
        whole = isinstance(OmegaConf.select(cfg, name), int)
        OmegaConf.update(cfg, name, suggest(trial, name, choices, whole=whole))
    with open_dict(cfg):
        cfg.run_dir = str(folder / f"trial_{trial.number:03d}")
        study = "" if folder.name == cfg.name else f"{folder.name}-"
        cfg.run_name = f"{cfg.name}-{study}trial-{trial.number:03d}"
        cfg.group = cfg.group or folder.name
    return cfg


def suggest(trial: optuna.Trial, name: str, choices: Any, *, whole: bool = False) -> Any:
    """Suggest a value for a setting.

    Args:
        trial: the trial.
        name: the setting.
        choices: a range `{low, high, log}`, or a list of values.
        whole: whether a range of whole numbers gives whole numbers only.
    """
    if OmegaConf.is_list(choices):
        return trial.suggest_categorical(name, list(choices))
    if whole and isinstance(choices.low, int) and isinstance(choices.high, int):
        return trial.suggest_int(name, choices.low, choices.high, log=choices.get("log", False))
    return trial.suggest_float(name, choices.low, choices.high, log=choices.get("log", False))


def _failed(trial: optuna.Trial, outcome: str, reason: str) -> optuna.TrialPruned:
    """Record and print why a trial has no value; the exception to raise."""
    trial.set_user_attr(OUTCOME, outcome)
    trial.set_user_attr(REASON, reason)
    print(f"trial {trial.number} failed ({outcome}): {reason}", file=sys.stderr)
    return optuna.TrialPruned(reason)


def print_result(study: optuna.Study, trial: FrozenTrial) -> None:
    """Print a line about a trial that ended; `run_trial` has printed why a trial has no value."""
    if trial.state == TrialState.COMPLETE:
        print(f"trial {trial.number} finished with {trial.value:.4g}")
    elif trial.state == TrialState.PRUNED and OUTCOME not in trial.user_attrs:
        print(f"trial {trial.number} was stopped at step {trial.last_step}: it is worse than the median of the others")
