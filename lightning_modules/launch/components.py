"""The objects of a run, built from its config: data, module, loggers, callbacks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytorch_lightning as pl
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, open_dict
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from lightning_modules.base import PhasedModule
from lightning_modules.callbacks import Checkpoints
from lightning_modules.callbacks.tracking import readable_name
from lightning_modules.execution import Execution, use_tf32
from lightning_modules.launch import settings, starting_weights
from lightning_modules.launch.checks import check_data, check_masks, check_schedule, masks_setting

T = TypeVar("T")


def build_data_and_module(cfg: DictConfig, *, new: bool = True) -> tuple[Any, PhasedModule]:
    """Build the data module (`datamodules.base.HairDataModule`), packed and set up, and the LightningModule.

    Sets the names and the number of domains in the config, which the module takes from there.

    Args:
        new: whether the module starts from the weights that `init` names, rather than from a checkpoint of its run.

    Raises:
        ValueError: the data lacks what batches or module need, or the weights do not fit.
    """
    weights = starting_weights.read(cfg) if new else {}
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    use_tf32(bool(cfg.tf32))
    data: Any = instantiate(cfg.data)
    data.pack()
    data.setup("fit")
    with open_dict(cfg):
        cfg.trainer.benchmark = bool(cfg.trainer.benchmark) and not cfg.trainer.deterministic
        cfg.domain_names = list(data.domains.names)
        cfg.num_domains = len(cfg.domain_names)
    settings.check_derived(cfg)
    for component in (cfg.batches, cfg.model):  # before networks are built and weights downloaded
        kind = get_class(component._target_)
        check_data(kind.__name__, getattr(kind, "requires", ()), data)
    module: PhasedModule = instantiate(cfg.model)
    check_data(type(module).__name__, module.requires, data)
    check_schedule(cfg, module)
    if getattr(module, "masks", None) is not None:
        check_masks(module.masks, masks_setting(cfg.model), cfg.image_size)
    module.execution = Execution(cfg.accumulate, cfg.compile, cfg.channels_last, cfg.activation_checkpointing)
    module.gradient_clip = cfg.get("gradient_clip")
    if weights:
        starting_weights.apply(cfg, module, weights)
    starting_weights.limit_training(cfg, module)
    return data, module


def build_loggers(cfg: DictConfig) -> list[Logger]:
    """Build the loggers. Sets the run's name, and ids for the trackers that need one, in the config."""
    with open_dict(cfg):
        cfg.run_name = cfg.get("run_name") or readable_name(cfg.name, Path(cfg.run_dir))
        for setting, default in {"group": None, "tags": [], "notes": None}.items():  # missing in runs of 0.1
            cfg.setdefault(setting, default)
    for tracker, length in {"wandb": 4, "mlflow": 16, "comet": 16}.items():
        if tracker in settings.enabled_components(cfg, "logger"):
            with open_dict(cfg):
                cfg.logger[tracker].id = cfg.logger[tracker].get("id") or secrets.token_hex(length)
    return _build(cfg, "logger", Logger)


def build_callbacks(cfg: DictConfig, more: Iterable[Callback] = ()) -> list[Callback]:
    """Build the callbacks, and add some; those that save checkpoints come last."""
    callbacks = _build(cfg, "callbacks", Callback)
    return sorted([*callbacks, *more], key=lambda callback: isinstance(callback, Checkpoints))


def _build(cfg: DictConfig, group: str, kind: type[T]) -> list[T]:
    """Build the components of a group.

    Raises:
        ValueError: one of them is of another kind.
    """
    built: list[T] = []
    for name, node in settings.enabled_components(cfg, group).items():
        component = instantiate(node)
        if not isinstance(component, kind):
            raise ValueError(f"{group}.{name}._target_={node._target_} is not a {kind.__name__} of PyTorch Lightning")
        built.append(component)
    return built
