"""The settings of a sweep, checked before its first trial."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal

from omegaconf import DictConfig, OmegaConf

from lightning_modules.launch.settings.kinds import (
    Count,
    CountOrZero,
    Meaning,
    Number,
    RunName,
    Settings,
    Text,
    check,
    nearest,
    shown,
)
from lightning_modules.launch.settings.training import check_training, plain


class Sweep(Settings):
    metric: Text
    direction: Literal["minimize", "maximize"]
    sampler: Literal["tpe", "random", "grid"]
    prune: bool = True
    startup_trials: CountOrZero = 5
    trials: Count | None = 30
    study: RunName
    space: Annotated[dict[str, Any], Meaning("settings to try, each with {low, high, log} or a list of choices")]


OF_THE_SWEEP = {
    **dict.fromkeys(("resume", "reproduce", "run_dir", "dry_run", "name", "run_name"), "the sweep decides it"),
    **dict.fromkeys(("paths", "sweep", "optimized_metric", "group", "trust"), "it is the same for all trials"),
    **dict.fromkeys(("domain_names", "num_domains"), "it is filled in once the data is known"),
    **dict.fromkeys(("trainer.devices", "trainer.num_nodes", "trainer.strategy"), "a trial is one process"),
}
"""Settings that no sweep can try, and why."""
CHECKED = 50  # choices of a setting that are checked before the first trial; a trial is checked again


class Range(Settings):
    low: Number
    high: Number
    log: bool = False


def check_sweep(cfg: DictConfig) -> None:
    """Refuse a sweep whose trials could not all run: its own settings, and the run with the ends of every range.

    Raises:
        ValueError: one sentence with the setting, what it may be and what it is.
    """
    check_training(cfg)
    if not cfg.get("sweep"):
        raise ValueError("which sweep? sweep=tpe, random or grid, or a file of yours in conf/sweep")
    for name in ("resume", "reproduce", "run_dir", "dry_run"):
        if cfg.get(name):
            raise ValueError(
                f"{name}={cfg[name]} is for one run, not for a sweep: the same command goes on with a study, "
                f"and its trials are under paths.outputs/sweeps/{cfg.sweep.get('study', '')}"
            )
    plan = plain(cfg)["sweep"]
    check(Sweep, plan, "sweep")
    if not plan["space"]:
        raise ValueError("sweep.space is empty: there is nothing to try")
    for name, choices in plan["space"].items():
        _check_choices(cfg, plan, name, choices)


def _check_choices(cfg: DictConfig, plan: dict[str, Any], name: str, choices: Any) -> None:
    where = f"sweep.space.{name}"
    if not name.strip():
        raise ValueError("sweep.space has a setting without a name")
    for known, why in OF_THE_SWEEP.items():
        if name == known or name.startswith(f"{known}."):
            raise ValueError(f"{where}: {name} is no setting to try: {why}")
    missing = object()
    now = OmegaConf.select(cfg, name, default=missing)
    if now is missing:
        group, _, last = name.rpartition(".")
        around = OmegaConf.select(cfg, group) if group else cfg
        known = [str(each) for each in around] if OmegaConf.is_dict(around) else []
        raise ValueError(f"{where}: there is no setting '{name}'{nearest(last, known)}")
    if isinstance(choices, list):
        if not choices or _some_twice(choices):
            raise ValueError(f"{where} must be choices, none twice, not {shown(choices)}")
        if not all(choice is None or isinstance(choice, (bool, int, float, str)) for choice in choices):
            raise ValueError(f"{where} must be choices of numbers or names, not {shown(choices)}")
        tried = choices[:: -(-len(choices) // CHECKED)]
    else:
        if not isinstance(choices, dict) and plan["sampler"] != "grid":
            raise ValueError(f"{where} must be {{low, high, log}} or a list of choices, not {shown(choices)}")
        if isinstance(choices, dict) and choices and not choices.keys() & Range.model_fields.keys():
            raise ValueError(
                f"{where}.{next(iter(choices))} cannot be given here: the settings that a sweep tries are a file in "
                "conf/sweep, which sweep=NAME chooses"
            )
        if plan["sampler"] == "grid":
            raise ValueError(f"{where} must be a list of choices for a grid, not {shown(choices)}")
        check(Range, choices, where)
        low, high = choices["low"], choices["high"]
        if not low < high:
            raise ValueError(f"{where}.low must be below {where}.high, not {low} and {high}")
        if choices.get("log") and low <= 0:
            raise ValueError(f"{where}.low must be above 0 for log=true, not {low}")
        whole = isinstance(now, int) and isinstance(low, int) and isinstance(high, int)
        within = 0.7 * low + 0.3 * high
        tried = [low, high, round(within)] if whole else [float(low), float(high), within]
    for value in tried:
        trial = copy.deepcopy(cfg)
        OmegaConf.update(trial, name, value)
        try:
            check_training(trial)
        except ValueError as error:
            raise ValueError(f"{where}: with {shown(value)}, {error}") from None


def _some_twice(choices: list[Any]) -> bool:
    """Whether choices are the same, or would be read as the same: 1 and 1.0, 1 and true."""
    return any(a == b or str(a) == str(b) for i, a in enumerate(choices) for b in choices[:i])
