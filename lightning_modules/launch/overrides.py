"""Overrides of the command line for a run that is continued or repeated: applied to its config, or refused."""

from __future__ import annotations

import copy
import re
from collections.abc import Container, Mapping, Sequence
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from lightning_modules.launch.config_comments import find_file

RUN_SELECTION = ("resume", "reproduce", "run_dir", "dry_run", "trust")
"""Settings that choose a run and do not change it."""
CHANGEABLE = {
    "trainer": ("accelerator", "devices", "num_nodes", "strategy", "plugins", "precision"),
    "callbacks": ("enabled",),
}
"""Groups that may be chosen again, and the settings that the new choice changes. (`logger` may be chosen again too.)"""
ONLY_IF_STATED = ("precision",)
"""Settings that the run keeps unless the chosen file itself states them: `trainer=ddp_sim` does not state precision."""
OPTIMIZER = re.compile(r"model\.optimizers?(\..+)?\._target_")
"""Names of the settings that choose an optimizer, whose state a checkpoint holds."""
FIXED = {"model": "_target_", "data": "_target_", "data/domains": "queries", "model/optimizer": "_target_"}
"""Groups that may not be chosen again, and the setting by which two choices differ."""


def apply_command_line(cfg: DictConfig, composed: DictConfig, run: object) -> DictConfig:
    """Apply the overrides of the command line to the config of a run.

    Args:
        cfg: the run's config.
        composed: the config that Hydra composed from the command line.
        run: the run directory, for messages.

    Raises:
        ValueError: a choice would change what the run is.
    """
    if not HydraConfig.initialized():
        return cfg
    return apply_overrides(cfg, composed, HydraConfig.get().overrides.task, HydraConfig.get().runtime.choices, run)


def overridden_names() -> list[str]:
    """The full names of the settings that the command line overrides."""
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [override.key_or_group for override in OverridesParser.create().parse_overrides(list(words))]


def apply_overrides(
    cfg: DictConfig, composed: DictConfig, words: Sequence[str], groups: Mapping[str, Any], run: object
) -> DictConfig:
    """`apply_command_line` for the given words of a command line and the groups of the config."""
    started, cfg = cfg, copy.deepcopy(cfg)
    overrides = OverridesParser.create().parse_overrides(list(words))
    with open_dict(cfg):
        overridden = {each.key_or_group for each in overrides}
        for override in (each for each in overrides if _is_group(each, groups)):
            _apply_choice(cfg, composed, override, run, overridden)
        for override in overrides:  # after the choices, which values may change
            name = override.key_or_group
            if _is_group(override, groups) or name in RUN_SELECTION:
                continue
            if override.is_delete():
                _delete(cfg, name)
            else:
                OmegaConf.update(cfg, name, OmegaConf.select(composed, name), merge=False, force_add=True)
    _refuse_other_optimizers(cfg, started, run)
    return cfg


def _refuse_other_optimizers(cfg: DictConfig, started: DictConfig, run: object) -> None:
    now, then = (_values({"model": _nodes(each, "model")}) for each in (cfg, started))
    for name, target in now.items():
        if OPTIMIZER.fullmatch(name) and target != then.get(name, target):
            raise ValueError(
                f"{name}={target} cannot continue with the state of the run's optimizer, {then[name]} in {run}: leave "
                "it out, or start a new run from its weights with init=RUN"
            )


def _is_group(override: Override, groups: Mapping[str, Any]) -> bool:
    name = override.key_or_group
    return name in groups or f"{name}@{override.package}" in groups or name in ("experiment", "debug", "sweep")


def _apply_choice(
    cfg: DictConfig, composed: DictConfig, override: Override, run: object, overridden: Container[str]
) -> None:
    """Apply the choice of a group, or refuse it.

    Args:
        overridden: the names of all settings that the command line gives.
    """
    group, place = override.key_or_group, (override.package or override.key_or_group).replace("/", ".")
    word = override.input_line
    if group == "experiment":
        if composed.name != cfg.name:
            raise ValueError(f"{word} is named '{composed.name}', but the run in {run} '{cfg.name}': leave it out")
    elif group == "debug":
        for name, value in _values(_file(group, str(override.value()))).items():
            if name not in overridden and OmegaConf.select(cfg, name) != OmegaConf.select(composed, name):
                raise ValueError(
                    f"{word} is for a new run: the run in {run} started without it ({name} is "
                    f"{OmegaConf.select(cfg, name)} there, not {value}); set single values instead"
                )
    elif group in FIXED:
        then, now = (OmegaConf.select(each, f"{place}.{FIXED[group]}") for each in (cfg, composed))
        if then != now:
            raise ValueError(f"{word} is not the choice that the run in {run} started with; start a new run for it")
    elif group in CHANGEABLE:
        stated = _stated(group, str(override.value()))
        changed = [name for name in CHANGEABLE[group] if name not in ONLY_IF_STATED or name in stated]
        chosen, kept = _nodes(composed, group), _nodes(cfg, group)
        kept = {name: value for name, value in kept.items() if name not in changed}
        cfg[group] = kept | {name: value for name, value in chosen.items() if name in changed}
    elif group == "logger":  # loggers that the run already has stay as they were, so that e.g. wandb continues its run
        before = _nodes(cfg, group)
        cfg[group] = {name: before.get(name, value) for name, value in _nodes(composed, group).items()}


def _stated(group: str, choice: str) -> set[str]:
    """The settings that the file of a choice states, or the files that it builds on, without the group's defaults."""
    values = _file(group, choice)
    others = [str(other) for other in values.get("defaults", []) if other not in ("default", "_self_")]
    return set(values).union(*(_stated(group, other) for other in others))


def _file(group: str, choice: str) -> dict[str, Any]:
    """The content of the file of a choice."""
    file = find_file(f"{group}/{choice}")
    values = yaml.safe_load(file.read_text(encoding="utf-8")) if file else None
    return values if isinstance(values, dict) else {}


def _values(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by their full names, without those that refer to others."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _values(value, f"{prefix}{name}.")
        elif name not in ("defaults", "name") and "${" not in str(value):
            found[f"{prefix}{name}"] = value
    return found


def _nodes(cfg: DictConfig, group: str) -> dict[str, Any]:
    """The settings of a group, references unresolved."""
    nodes = OmegaConf.to_container(cfg.get(group) or OmegaConf.create(), resolve=False)
    assert isinstance(nodes, dict)
    return {str(name): value for name, value in nodes.items()}


def _delete(cfg: DictConfig, name: str) -> None:
    around, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, around) if around else cfg
    if OmegaConf.is_dict(node):
        node.pop(last, None)
