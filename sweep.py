"""Search settings: `python sweep.py sweep=tpe experiment=quickstart`.

A study is a file that any number of workers write to: the same command in another terminal, or as another job, helps;
after a kill it goes on. Trials run one after another in a worker, each in `trial_NNN` beside the file.
"""

from __future__ import annotations

import copy
import math
import os
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # before what takes long to import
    from lightning_modules.launch import command_line

    command_line.prepare("sweep.py")

import hydra
import optuna
import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from hairgan.files import write_text
from hairgan.pictures import save_picture
from hairgan.text_tables import aligned_table, markdown_table
from lightning_modules.base import NonFiniteError
from lightning_modules.callbacks.trial_report import TrialReport
from lightning_modules.launch import settings
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.parallel_coordinates import Line, draw_parallel_coordinates
from lightning_modules.stop_signals import StoppedBySignal
from lightning_modules.study_files import FINISHED, Grid, Journal
from train import train

HOW = "how"  # attribute of a trial without a value: what became of it
PLAN = "plan"  # attribute of a study: what it tries, and by what


def sweep(cfg: DictConfig) -> optuna.Study:
    """Do a study's trials that nobody has done yet, then write its table and picture.

    Raises:
        ValueError: no sweep was chosen, or its trials could not all run.
        StoppedBySignal: the worker was asked to stop; the trial that it was at does not count.
    """
    settings.check_sweep(cfg)
    _insist_on_one_process(cfg)
    for name in ("run_dir", "resume", "reproduce", "dry_run"):
        if cfg[name]:
            raise ValueError(f"{name}={cfg[name]} is for one run; a sweep makes a run directory for each of its trials")
    plan = cfg.sweep
    folder = Path(cfg.paths.outputs).absolute() / "sweeps" / plan.study
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what it says of trials is said here
    storage = JournalStorage(Journal(folder / "study.journal"))
    study = optuna.create_study(
        study_name=plan.study, storage=storage, load_if_exists=True, direction=plan.direction,
        pruner=MedianPruner(n_startup_trials=plan.startup_trials) if plan.prune else NopPruner(),
    )  # fmt: skip
    insist_on_the_same(study, plan, folder)
    study.sampler = make_sampler(plan, cfg.seed + len(study.trials), folder)
    limit = [MaxTrialsCallback(plan.trials, states=FINISHED)] if plan.trials else []
    enough = bool(plan.trials) and len(study.get_trials(states=FINISHED)) >= plan.trials
    if not enough and not (isinstance(study.sampler, Grid) and study.sampler.is_done(study)):
        try:
            study.optimize(lambda trial: objective(trial, cfg, folder), callbacks=[say_what_became, *limit])
        except TrialStoppedError as error:
            report(study, plan.metric, folder)
            raise error.stopped from error
        except KeyboardInterrupt:  # between two trials, or before the first step of one
            report(study, plan.metric, folder)
            raise SystemExit(130) from None
    report(study, plan.metric, folder)
    return study


def _insist_on_one_process(cfg: DictConfig) -> None:
    chosen = copy.deepcopy(cfg)
    settings.choose_strategy(chosen)
    if OmegaConf.is_config(chosen.trainer.strategy) or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ValueError(
            "sweep.py with several processes a trial would start the whole sweep in each of them: give it "
            "trainer.devices=1, and start the same command once for each device: workers share the study"
        )


def insist_on_the_same(study: optuna.Study, plan: DictConfig, folder: Path) -> None:
    """Let a study go on only with what it was begun with: values of another metric or range cannot be compared.

    Raises:
        ValueError: the metric, its direction or the settings that are tried are others.
    """
    now = {name: OmegaConf.to_container(plan, resolve=True)[name] for name in ("metric", "direction", "space")}  # type: ignore[call-overload,index]
    then = study.user_attrs.get(PLAN) or {"direction": study.direction.name.lower()}  # of a study begun before
    differing = [name for name in then if then[name] != now[name]]
    if differing:
        what = ", ".join(f"sweep.{name} was {then[name]} and is {now[name]}" for name in differing)
        raise ValueError(
            f"the study in {folder} was begun with other settings ({what}): give the new one a name with "
            f"sweep.study=NAME, or delete that folder"
        )
    study.set_user_attr(PLAN, now)


def say_what_became(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Print a line on a trial that ended; why one was given up has been said."""
    if trial.state == TrialState.COMPLETE:
        print(f"trial {trial.number} is done, with {trial.value:.4g}")
    elif trial.state == TrialState.PRUNED and HOW not in trial.user_attrs:
        print(f"trial {trial.number} was stopped at step {trial.last_step}: it is worse than the median of the others")


def make_sampler(plan: DictConfig, seed: int, folder: Path) -> BaseSampler:
    """The sampler of a plan; the seed differs from worker to worker, so that they do not try the same."""
    if plan.sampler == "grid":
        return Grid({name: list(choices) for name, choices in plan.space.items()}, folder)
    if plan.sampler == "random":
        return RandomSampler(seed=seed)
    if plan.sampler == "tpe":
        return TPESampler(seed=seed, n_startup_trials=plan.startup_trials, constant_liar=True)
    raise AssertionError(plan.sampler)


def objective(trial: optuna.Trial, cfg: DictConfig, folder: Path) -> float:
    """Train with the settings of a trial; the last value of the metric.

    Raises:
        optuna.TrialPruned: the trial was ended as worse than others, diverged, needs more memory than there is, or has
            no value, or its settings do not fit each other: the sampler learns to keep away, and the study goes on.
        TrialStoppedError: the worker was asked to stop; the trial does not count.
    """
    cfg = copy.deepcopy(cfg)
    for name, range_ in cfg.sweep.space.items():
        OmegaConf.update(cfg, name, suggest(trial, name, range_, whole=isinstance(OmegaConf.select(cfg, name), int)))
    with open_dict(cfg):
        cfg.run_dir = str(folder / f"trial_{trial.number:03d}")
        study = "" if folder.name == cfg.name else f"{folder.name}-"
        cfg.run_name = f"{cfg.name}-{study}trial-{trial.number:03d}"
        cfg.group = cfg.group or folder.name
    try:
        settings.check_training(cfg)
    except ValueError as error:  # each was tried alone before the first trial
        raise _given_up(trial, "refused", str(error)) from error
    callback = TrialReport(trial, cfg.sweep.metric)
    try:
        train(cfg, [callback])
    except StoppedBySignal as stopped:
        raise TrialStoppedError(trial.number, stopped) from stopped
    except (NonFiniteError, torch.OutOfMemoryError) as error:
        raise _given_up(trial, "diverged" if isinstance(error, NonFiniteError) else "no memory", str(error)) from error
    if callback.pruned:
        raise optuna.TrialPruned
    if callback.value is None or not math.isfinite(callback.value):
        raise _given_up(trial, "no value", f"its run measured no number as {cfg.sweep.metric}")
    return callback.value


class TrialStoppedError(Exception):
    """A trial that was stopped by a signal: the worker ends with it."""

    def __init__(self, number: int, stopped: StoppedBySignal) -> None:
        super().__init__(f"trial {number} was {stopped}")
        self.stopped = stopped


def _given_up(trial: optuna.Trial, how: str, why: str) -> optuna.TrialPruned:
    trial.set_user_attr(HOW, how)
    trial.set_user_attr("why", why)
    print(f"trial {trial.number} is given up ({how}): {why}", file=sys.stderr)
    return optuna.TrialPruned(why)


def suggest(trial: optuna.Trial, name: str, range_: Any, whole: bool = False) -> Any:
    """A value from `{low, high, log}`, a whole number where asked for, or from a list of choices."""
    if OmegaConf.is_list(range_):
        return trial.suggest_categorical(name, list(range_))
    if whole and isinstance(range_.low, int) and isinstance(range_.high, int):
        return trial.suggest_int(name, range_.low, range_.high, log=range_.get("log", False))
    return trial.suggest_float(name, range_.low, range_.high, log=range_.get("log", False))


def report(study: optuna.Study, metric: str, folder: Path) -> None:
    """Write and print the table of trials, best first, and draw parallel coordinates."""
    finished = study.get_trials(states=FINISHED)
    if not finished:
        return
    most_first = study.direction == optuna.study.StudyDirection.MAXIMIZE
    measured = [t for t in finished if t.value is not None and math.isfinite(t.value)]
    trials = sorted(measured, key=lambda t: t.value, reverse=most_first)
    given_up = [t for t in finished if t not in measured]
    names = list(max((t.params for t in finished), key=len))
    rows = [
        [f"{t.number}", t.user_attrs.get(HOW, t.state.name.lower()), "-" if t in given_up else f"{t.value:.4g}"]
        + [f"{max(t.intermediate_values, default=0)}"]
        + [f"{v:.3g}" if isinstance(v := t.params[name], float) else str(v) for name in names]
        for t in [*trials, *given_up]
    ]
    header = ["trial", "state", "value", "steps", *names]
    write_text(folder / "trials.md", markdown_table(header, rows) + "\n")
    print(aligned_table(header, rows))
    print(f"  table    {folder / 'trials.md'}")
    if not trials:
        return
    logarithmic = {name for name in names if getattr(trials[0].distributions[name], "log", False)}
    drawn = [Line(t.number, {**t.params, metric: t.value}, t.state == TrialState.COMPLETE) for t in trials]
    picture = draw_parallel_coordinates(drawn, [*names, metric], logarithmic)
    save_picture(picture, folder / "parallel_coordinates.png")
    print(f"  picture  {folder / 'parallel_coordinates.png'}")


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    """Sweep, as the config's `sweep` group says."""
    with errors_as_sentences("sweep.py"):
        sweep(cfg)


if __name__ == "__main__":
    with errors_as_sentences("sweep.py"):
        main()
