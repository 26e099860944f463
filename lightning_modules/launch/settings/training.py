"""The settings of a training run, checked before anything heavy is imported or built."""

from __future__ import annotations

import os
from collections.abc import Container
from typing import Annotated, Any, ClassVar, Literal

from omegaconf import DictConfig
from pydantic import Field

from lightning_modules.launch.settings.config_tree import components, enabled_components, plain, referenced_names
from lightning_modules.launch.settings.consistency import check_derived_values, check_step
from lightning_modules.launch.settings.current_names import use_current_names
from lightning_modules.launch.settings.fine_tuning import check_init, check_init_of_model
from lightning_modules.launch.settings.hints import COMMON_NAMES
from lightning_modules.launch.settings.loggers import LoggerGroup
from lightning_modules.launch.settings.monitors import check_monitors
from lightning_modules.launch.settings.targets import settings_of
from lightning_modules.launch.settings.trainer import Trainer, check_processes
from lightning_modules.launch.settings.validation import Settings, check, meaning_of
from lightning_modules.launch.settings.value_types import (
    BatchSize,
    Component,
    Count,
    ImageSize,
    Path,
    Positive,
    RunName,
    Seed,
    Text,
    Trust,
)
from lightning_modules.launch.settings.wording import shown

HYDRA_KEYS = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")  # read by Hydra, not by the component
BACKENDS = ("inductor", "eager", "aot_eager", "aot_eager_decomp_partition", "cudagraphs", "onnxrt", "openxla", "tvm")


class Paths(Settings):
    home: Path = "."
    data: Path
    cache: Path
    outputs: Path


class Run(Settings):
    """The outermost level of the config: the groups, and the values that several groups share."""

    HINTS: ClassVar = COMMON_NAMES

    # groups
    model: Component
    data: Component
    batches: Component
    trainer: dict[str, Any]
    callbacks: dict[str, Any] | None = None
    logger: dict[str, Any] | None = None
    paths: dict[str, Any]
    sweep: dict[str, Any] | None = None
    # what the run is
    name: RunName
    seed: Seed
    image_size: ImageSize
    steps: Count
    batch_size: BatchSize
    validate_every: Count | None
    gradient_clip: Positive | None = None
    # which run is meant
    resume: Path | None = None
    reproduce: Path | None = None
    init: dict[str, Any] | None = None
    trust: Trust = None
    dry_run: bool = False
    run_dir: Path | None = None
    # how trackers show it
    run_name: Text | None = None
    group: Text | None = None
    tags: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(default=[])
    notes: Text | None = None
    # how a step is computed
    accumulate: Count = 1
    compile: bool | Literal[BACKENDS] = False
    channels_last: bool = False
    activation_checkpointing: bool = False
    tf32: bool = False
    # set by sweeps and from the data
    optimized_metric: Text | None = None
    domain_names: list[str] | None = None
    num_domains: Count | None = None


def check_training(cfg: DictConfig) -> None:
    """Refuse settings with which no run can start.

    With `resume` or `reproduce` only the overrides are known yet; `check_run_config` checks them together with the
    run's own config.

    Raises:
        ValueError: one sentence with the setting, what it may be and what it is.
    """
    use_current_names(cfg)
    values = _check_outermost(cfg, overridden=None)
    if not (cfg.resume or cfg.reproduce):
        _check_groups(values, overridden=None)


def check_run_config(cfg: DictConfig, overridden: Container[str]) -> None:
    """Refuse the config of an earlier run, with the overrides of this start, if no run can start with it.

    Args:
        overridden: the names given on the command line, which must be known; other names that are not known may come
            from an earlier version and are ignored.

    Raises:
        ValueError: as `check_training`.
    """
    _check_groups(_check_outermost(cfg, overridden), overridden)


def _check_outermost(cfg: DictConfig, overridden: Container[str] | None) -> dict[str, Any]:
    """Check the outermost level, and return all values."""
    if not os.environ.get("WANDB_MODE", "set").strip():  # the config refers to it, and empty means not set
        del os.environ["WANDB_MODE"]
    for name, field in Run.model_fields.items():
        if field.is_required() and name not in cfg:
            raise ValueError(f"{name} is missing; it must be {meaning_of(field)}")
    values = plain(cfg)
    users_own = referenced_names(cfg) - set(Run.model_fields)
    check(Run, {name: value for name, value in values.items() if name not in users_own}, "", overridden=overridden)
    check(Paths, values["paths"], "paths", overridden=overridden)
    check_init(values, overridden)
    check(Trainer, _own_settings(values["trainer"]), "trainer", overridden=overridden)
    if isinstance(values.get("logger"), dict):
        check(LoggerGroup, values["logger"], "logger")
    return values


def _check_groups(values: dict[str, Any], overridden: Container[str] | None) -> None:
    """Check the components of a config, then what their values must be together."""
    for group in ("batches", "model", "data"):
        _check_components(values[group], group, overridden)
    for group in ("callbacks", "logger"):
        for name, node in enabled_components(values, group).items():
            _check_components(node, f"{group}.{name}", overridden)
    check_derived_values(values)
    check_processes(values["trainer"], values["batch_size"])
    check_step(values)
    check_init_of_model(values)
    check_monitors(values)


def _check_components(node: Any, where: str, overridden: Container[str] | None) -> None:
    """Check a component, and the components in it."""
    for path, component in components(node, where):
        target = component["_target_"]
        kind = settings_of(target) if isinstance(target, str) else None
        if target == "torch.optim.LBFGS":
            raise ValueError(f"{path}._target_ cannot be {target}, which evaluates the loss several times in a step")
        if kind is not None:
            if component.get("_partial_", False) is not kind.PARTIAL:
                raise ValueError(f"{path}._partial_ must be {shown(kind.PARTIAL)} for {target}")
            check(kind, _own_settings(component), path, overridden=overridden, target=target)


def _own_settings(component: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in component.items() if name not in HYDRA_KEYS}
