"""The settings of a sweep, checked before its first trial."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal

from omegaconf import DictConfig, OmegaConf

from lightning_modules.launch.settings.config_tree import plain
from lightning_modules.launch.settings.training import check_training
from lightning_modules.launch.settings.validation import Meaning, Settings, check
from lightning_modules.launch.settings.value_types import Count, CountOrZero, Number, RunName, Text
from lightning_modules.launch.settings.wording import nearest, shown

FIXED = {
    **dict.fromkeys(("resume", "reproduce", "run_dir", "dry_run", "name", "run_name"), "the sweep sets it"),
    **dict.fromkeys(("paths", "sweep", "optimized_metric", "group", "trust"), "it is the same for all trials"),
    **dict.fromkeys(("domain_names", "num_domains"), "it is set from the data"),
    **dict.fromkeys(("trainer.devices", "trainer.num_nodes", "trainer.strategy"), "a trial is one process"),
}
"""Settings that a sweep cannot vary, and why."""
MAX_CHECKED = 50  # choices of a setting that are checked before the first trial; each trial checks its own again


class Sweep(Settings):
    metric: Text
    direction: Literal["minimize", "maximize"]
    sampler: Literal["tpe", "random", "grid"]
    prune: bool = True
    startup_trials: CountOrZero = 5
    trials: Count | None = 30
    study: RunName
    space: Annotated[dict[str, Any], Meaning("settings to vary, each with {low, high, log} or a list of choices")]


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
        raise ValueError("choose a sweep: sweep=tpe, random or grid, or a file of your own in conf/sweep")
    for name in ("resume", "reproduce", "run_dir", "dry_run"):
        if cfg.get(name):
            raise ValueError(
                f"{name} is for a single run, not for a sweep: the same command continues a study, "
                f"and its trials are under paths.outputs/sweeps/{cfg.sweep.get('study', '')}"
            )
    sweep = plain(cfg)["sweep"]
    check(Sweep, sweep, "sweep")
    if not sweep["space"]:
        raise ValueError("sweep.space is empty: there is nothing to vary")
    for name, choices in sweep["space"].items():
        _check_name(cfg, name)
        values = (
            _check_list(name, choices)
            if isinstance(choices, list)
            else _check_range(name, choices, sweep["sampler"], current=OmegaConf.select(cfg, name))
        )
        _check_trials(cfg, name, values)


def _check_name(cfg: DictConfig, name: str) -> None:
    """Refuse a name that is not a setting, or one that a sweep cannot vary."""
    if not name.strip():
        raise ValueError("sweep.space has a setting without a name")
    where = f"sweep.space.{name}"
    for fixed, why in FIXED.items():
        if name == fixed or name.startswith(f"{fixed}."):
            raise ValueError(f"{where}: a sweep cannot vary {name}: {why}")
    missing = object()
    if OmegaConf.select(cfg, name, default=missing) is missing:
        group, _, last = name.rpartition(".")
        around = OmegaConf.select(cfg, group) if group else cfg
        known = [str(each) for each in around] if OmegaConf.is_dict(around) else []
        raise ValueError(f"{where}: there is no setting '{name}'{nearest(last, known)}")


def _check_list(name: str, choices: list[Any]) -> list[Any]:
    """Check a list of choices; returns those to check in a run, spread over the list."""
    where = f"sweep.space.{name}"
    if not choices or _has_duplicates(choices):
        raise ValueError(f"{where} must be a list of choices, none twice, not {shown(choices)}")
    if not all(choice is None or isinstance(choice, (bool, int, float, str)) for choice in choices):
        raise ValueError(f"{where} must be a list of numbers or names, not {shown(choices)}")
    return choices[:: -(-len(choices) // MAX_CHECKED)]


def _has_duplicates(choices: list[Any]) -> bool:
    """Whether choices are equal, or are read as equal: 1 and 1.0, 1 and true."""
    return any(a == b or str(a) == str(b) for i, a in enumerate(choices) for b in choices[:i])


def _check_range(name: str, choices: Any, sampler: str, current: Any) -> list[Any]:
    """Check a range; returns values to check in a run: its ends, and one between them."""
    where = f"sweep.space.{name}"
    if isinstance(choices, dict) and choices and not choices.keys() & Range.model_fields.keys():
        raise ValueError(
            f"{where}.{next(iter(choices))} cannot be given here: the settings that a sweep varies are in a file in "
            "conf/sweep, which sweep=NAME chooses"
        )
    if sampler == "grid":
        raise ValueError(f"{where} must be a list of choices for a grid, not {shown(choices)}")
    if not isinstance(choices, dict):
        raise ValueError(f"{where} must be {{low, high, log}} or a list of choices, not {shown(choices)}")
    check(Range, choices, where)
    low, high = choices["low"], choices["high"]
    if not low < high:
        raise ValueError(f"{where}.low must be below {where}.high, not {low} and {high}")
    if choices.get("log") and low <= 0:
        raise ValueError(f"{where}.low must be above 0 for log=true, not {low}")
    between = 0.7 * low + 0.3 * high
    whole = all(isinstance(value, int) for value in (current, low, high))
    return [low, high, round(between)] if whole else [float(low), float(high), between]


def _check_trials(cfg: DictConfig, name: str, values: list[Any]) -> None:
    """Refuse values of a setting with which a run could not start."""
    for value in values:
        trial = copy.deepcopy(cfg)
        OmegaConf.update(trial, name, value)
        try:
            check_training(trial)
        except ValueError as error:
            raise ValueError(f"sweep.space.{name}: with {shown(value)}, {error}") from None
