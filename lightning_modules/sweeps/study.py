"""A study: which trials there are, who suggests their settings, and when it is finished."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.study import MaxTrialsCallback

from lightning_modules.launch import settings
from lightning_modules.sweeps.grid import Grid
from lightning_modules.sweeps.journal import Journal
from lightning_modules.sweeps.trial import FINISHED, Train, TrialStoppedError, print_result, run_trial

PLAN = "plan"
"""Attribute of a study: its metric, direction and search space."""


def open_study(cfg: DictConfig, folder: Path) -> optuna.Study:
    """Create a study, or open the existing one of that folder, with the sampler and pruner of the config.

    Raises:
        ValueError: the study was begun with another metric, direction or search space, or its file is damaged.
    """
    plan = cfg.sweep
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # `print_result` reports the trials
    study = optuna.create_study(
        study_name=plan.study,
        storage=JournalStorage(Journal(folder / "study.journal")),
        load_if_exists=True,
        direction=plan.direction,
        pruner=MedianPruner(n_startup_trials=plan.startup_trials) if plan.prune else NopPruner(),
    )
    check_plan(study, plan, folder)
    study.sampler = make_sampler(plan, cfg.seed + len(study.trials), folder)
    return study


def check_plan(study: optuna.Study, plan: DictConfig, folder: Path) -> None:
    """Refuse to continue a study with another plan: values of another metric or range cannot be compared.

    Raises:
        ValueError: the metric, its direction or the search space differs.
    """
    values = OmegaConf.to_container(plan, resolve=True)
    now = {name: values[name] for name in ("metric", "direction", "space")}  # type: ignore[call-overload,index]
    then = study.user_attrs.get(PLAN) or {"direction": study.direction.name.lower()}  # of an older study
    differing = [name for name in then if then[name] != now[name]]
    if differing:
        what = ", ".join(f"sweep.{name} was {then[name]} and is {now[name]}" for name in differing)
        raise ValueError(
            f"the study in {folder} was begun with other settings ({what}): name the new one with sweep.study=NAME, or "
            "delete that folder"
        )
    study.set_user_attr(PLAN, now)


def make_sampler(plan: DictConfig, seed: int, folder: Path) -> BaseSampler:
    """The sampler of a plan. The seed differs between workers, so that they try different settings."""
    if plan.sampler == "grid":
        return Grid({name: list(choices) for name, choices in plan.space.items()}, folder)
    if plan.sampler == "random":
        return RandomSampler(seed=seed)
    assert plan.sampler == "tpe", plan.sampler
    return TPESampler(seed=seed, n_startup_trials=plan.startup_trials, constant_liar=True)


def is_finished(study: optuna.Study, trials: int | None) -> bool:
    """Whether a study has its number of trials, or a grid all of its combinations."""
    if trials and len(study.get_trials(states=FINISHED)) >= trials:
        return True
    return isinstance(study.sampler, Grid) and study.sampler.is_done(study)


def run_trials(study: optuna.Study, cfg: DictConfig, folder: Path, train: Train) -> None:
    """Run trials until the study is finished; other workers may run trials of it at the same time.

    Raises:
        StoppedBySignal: a signal asked the worker to stop.
        SystemExit: Ctrl-C between two trials, or before the first step of one.
    """
    trials = cfg.sweep.trials
    if is_finished(study, trials):
        return
    limit = [MaxTrialsCallback(trials, states=FINISHED)] if trials else []
    try:
        study.optimize(lambda trial: run_trial(trial, cfg, folder, train), callbacks=[print_result, *limit])
    except TrialStoppedError as error:
        raise error.stopped from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def check_one_process(cfg: DictConfig) -> None:
    """Refuse a sweep whose trials would train in several processes.

    Raises:
        ValueError: the trainer has several devices, or torchrun or srun started several processes.
    """
    chosen = copy.deepcopy(cfg)
    settings.choose_strategy(chosen)
    if OmegaConf.is_config(chosen.trainer.strategy) or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ValueError(
            "sweep.py with several processes per trial would start the whole sweep in each of them: set "
            "trainer.devices=1, and start the same command once per device; workers share the study"
        )
