"""Search settings: `python sweep.py sweep=tpe experiment=quickstart`.

A study is a file that any number of workers write to: the same command in another terminal, or as another job, helps;
after a kill it goes on. Trials run one after another in a worker, each in `trial_NNN` beside the file.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import hydra
import optuna
from omegaconf import DictConfig, OmegaConf, open_dict
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from hairgan.pictures import save_picture
from lightning_modules.callbacks.trial_report import TrialReport
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.parallel_coordinates import Line, draw_parallel_coordinates
from train import train

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def sweep(cfg: DictConfig) -> optuna.Study:
    """Do a study's trials that nobody has done yet, then write its table and picture.

    Raises:
        ValueError: no sweep was chosen, or its sampler is unknown.
    """
    if not cfg.get("sweep"):
        raise ValueError("which sweep? sweep=tpe, random or grid, or a file of yours in conf/sweep")
    plan = cfg.sweep
    folder = Path(cfg.paths.outputs).absolute() / "sweeps" / plan.study
    folder.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    study = optuna.create_study(
        study_name=plan.study, storage=storage, load_if_exists=True, direction=plan.direction,
        pruner=MedianPruner(n_startup_trials=plan.startup_trials) if plan.prune else NopPruner(),
    )  # fmt: skip
    study.sampler = make_sampler(plan, cfg.seed + len(study.trials))
    limit = [MaxTrialsCallback(plan.trials, states=FINISHED)] if plan.trials else []
    if not plan.trials or len(study.get_trials(states=FINISHED)) < plan.trials:
        study.optimize(lambda trial: objective(trial, cfg, folder), callbacks=limit)
    report(study, plan.metric, folder)
    return study


def make_sampler(plan: DictConfig, seed: int) -> BaseSampler:
    """The sampler of a plan; the seed differs from worker to worker, so that they do not try the same."""
    if plan.sampler == "grid":
        return GridSampler({name: list(choices) for name, choices in plan.space.items()}, seed=seed)
    if plan.sampler == "random":
        return RandomSampler(seed=seed)
    if plan.sampler == "tpe":
        return TPESampler(seed=seed, n_startup_trials=plan.startup_trials, constant_liar=True)
    raise ValueError(f"sweep.sampler must be tpe, random or grid, not '{plan.sampler}'")


def objective(trial: optuna.Trial, cfg: DictConfig, folder: Path) -> float:
    """Train with the settings of a trial; the last value of the metric."""
    cfg = copy.deepcopy(cfg)
    for name, range_ in cfg.sweep.space.items():
        OmegaConf.update(cfg, name, suggest(trial, name, range_))
    with open_dict(cfg):
        cfg.run_dir = str(folder / f"trial_{trial.number:03d}")
    callback = TrialReport(trial, cfg.sweep.metric)
    metrics = train(cfg, [callback])
    if cfg.sweep.metric not in metrics:
        raise ValueError(f"the runs measure no '{cfg.sweep.metric}', but {', '.join(sorted(metrics))}")
    if callback.pruned:
        raise optuna.TrialPruned
    return metrics[cfg.sweep.metric]


def suggest(trial: optuna.Trial, name: str, range_: Any) -> Any:
    """A value from `{low, high, log}` or from a list of choices."""
    if OmegaConf.is_list(range_):
        return trial.suggest_categorical(name, list(range_))
    return trial.suggest_float(name, range_.low, range_.high, log=range_.get("log", False))


def report(study: optuna.Study, metric: str, folder: Path) -> None:
    """Write and print the table of trials, best first, and draw parallel coordinates."""
    values = {t.number: t.value for t in study.get_trials(states=FINISHED) if t.value is not None}
    if not values:
        return
    most_first = study.direction == optuna.study.StudyDirection.MAXIMIZE
    trials = [study.trials[number] for number in sorted(values, key=values.__getitem__, reverse=most_first)]
    names = list(trials[0].params)
    rows = [
        [f"{t.number}", t.state.name.lower(), f"{t.value:.4g}", f"{max(t.intermediate_values, default=0)}"]
        + [f"{v:.3g}" if isinstance(v := t.params[name], float) else str(v) for name in names]
        for t in trials
    ]
    header = ["trial", "state", "value", "steps", *names]
    lines = [" | ".join(row) for row in (header, ["---"] * len(header), *rows)]
    (folder / "trials.md").write_text("\n".join(f"| {line} |" for line in lines) + "\n")
    print("\n".join(lines))
    logarithmic = {name for name in names if getattr(trials[0].distributions[name], "log", False)}
    drawn = [Line(t.number, {**t.params, metric: t.value}, t.state == TrialState.COMPLETE) for t in trials]
    picture = draw_parallel_coordinates(drawn, [*names, metric], logarithmic)
    save_picture(picture, folder / "parallel_coordinates.png")
    print(f"  table    {folder / 'trials.md'}\n  picture  {folder / 'parallel_coordinates.png'}")


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    """Sweep, as the config's `sweep` group says."""
    with errors_as_sentences("sweep.py"):
        sweep(cfg)


if __name__ == "__main__":
    with errors_as_sentences("sweep.py"):
        main()
