"""The config of a run, with what was typed to go on with it or to repeat it: obeyed, or refused."""

from __future__ import annotations

import copy
from collections.abc import Container, Mapping, Sequence
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from lightning_modules.launch.config_comments import CONF

HOW = ("resume", "reproduce", "run_dir", "dry_run", "trust")  # settings that say which run, not what it is

OBEYED = {
    "trainer": ("accelerator", "devices", "num_nodes", "strategy", "plugins", "precision"),  # what its choices set
    "callbacks": ("enabled",),
}
"""Groups that say how a run is done, and what their choices set of them; `logger` is the other, a list of choices."""
IF_STATED = ("precision",)
"""Those that the run keeps, unless the chosen file itself states them: `trainer=ddp_sim` says nothing on precision."""
KEPT = {"model": "_target_", "data": "_target_", "data/domains": "queries", "model/optimizer": "_target_"}
"""Groups that say what a run is, and by what setting two choices of them differ."""


def apply_command_line(cfg: DictConfig, asked: DictConfig, run: object) -> DictConfig:
    """Apply what was typed, as Hydra composed it in `asked`, to the config of a run.

    Raises:
        ValueError: a choice would make another run of it.
    """
    if not HydraConfig.initialized():
        return cfg
    return apply(cfg, asked, HydraConfig.get().overrides.task, HydraConfig.get().runtime.choices, run)


def overridden_names() -> list[str]:
    """The full names of the settings that were typed."""
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [override.key_or_group for override in OverridesParser.create().parse_overrides(list(words))]


def apply(
    cfg: DictConfig, asked: DictConfig, words: Sequence[str], groups: Mapping[str, Any], run: object
) -> DictConfig:
    """`apply_command_line` for given words of the command line and groups that there are."""
    cfg = copy.deepcopy(cfg)
    overrides = OverridesParser.create().parse_overrides(list(words))
    with open_dict(cfg):
        single = {each.key_or_group for each in overrides}
        for override in (each for each in overrides if _is_group(each, groups)):
            _choose(cfg, asked, override, run, single)
        for override in overrides:  # values after choices, which they are a part of
            name = override.key_or_group
            if _is_group(override, groups) or name in HOW:
                continue
            if override.is_delete():
                _delete(cfg, name)
            else:
                OmegaConf.update(cfg, name, OmegaConf.select(asked, name), merge=False, force_add=True)
    return cfg


def _is_group(override: Override, groups: Mapping[str, Any]) -> bool:
    name = override.key_or_group
    return name in groups or f"{name}@{override.package}" in groups or name in ("experiment", "debug", "sweep")


def _choose(cfg: DictConfig, asked: DictConfig, override: Override, run: object, typed_too: Container[str]) -> None:
    group, place = override.key_or_group, (override.package or override.key_or_group).replace("/", ".")
    typed = override.input_line
    if group == "experiment":
        if asked.name != cfg.name:
            raise ValueError(f"{typed} is named '{asked.name}', but the run in {run} '{cfg.name}': leave it out")
    elif group == "debug":
        for name, value in _values(_file(group, str(override.value()))).items():
            if name not in typed_too and OmegaConf.select(cfg, name) != OmegaConf.select(asked, name):
                raise ValueError(
                    f"{typed} is for a new run: the one in {run} was made without it ({name} is "
                    f"{OmegaConf.select(cfg, name)} there, not {value}); single settings can be given to it"
                )
    elif group in KEPT:
        then, now = (OmegaConf.select(each, f"{place}.{KEPT[group]}") for each in (cfg, asked))
        if then != now:
            raise ValueError(f"{typed} is not what the run in {run} was made with, and would make another run of it")
    elif group in OBEYED:
        stated = _stated(group, str(override.value()))
        obeyed = [name for name in OBEYED[group] if name not in IF_STATED or name in stated]
        chosen, kept = _nodes(asked, group), _nodes(cfg, group)
        kept = {name: value for name, value in kept.items() if name not in obeyed}
        cfg[group] = kept | {name: value for name, value in chosen.items() if name in obeyed}
    elif group == "logger":  # those that the run has had stay as they were, e.g. a tracking service's goes on
        before = _nodes(cfg, group)
        cfg[group] = {name: before.get(name, value) for name, value in _nodes(asked, group).items()}


def _stated(group: str, choice: str) -> set[str]:
    """The settings that the file of a choice states, or those it stands on, without the group's defaults."""
    values = _file(group, choice)
    others = [str(other) for other in values.get("defaults", []) if other not in ("default", "_self_")]
    return set(values).union(*(_stated(group, other) for other in others))


def _file(group: str, choice: str) -> dict[str, Any]:
    """What the file of a choice says."""
    file = CONF / group / f"{choice}.yaml"
    values = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return values if isinstance(values, dict) else {}


def _values(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by their full names, without those that follow from others."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _values(value, f"{prefix}{name}.")
        elif name not in ("defaults", "name") and "${" not in str(value):
            found[f"{prefix}{name}"] = value
    return found


def _nodes(cfg: DictConfig, group: str) -> dict[str, Any]:
    """The settings of a group, with their references."""
    nodes = OmegaConf.to_container(cfg.get(group) or OmegaConf.create(), resolve=False)
    assert isinstance(nodes, dict)
    return {str(name): value for name, value in nodes.items()}


def _delete(cfg: DictConfig, name: str) -> None:
    around, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, around) if around else cfg
    if OmegaConf.is_dict(node):
        node.pop(last, None)
