"""What a run is made of, from its config."""

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
from lightning_modules.launch import settings
from lightning_modules.launch.checks import check_data, check_masks, check_schedule, masks_of

T = TypeVar("T")


def build_data_and_module(cfg: DictConfig) -> tuple[Any, PhasedModule]:
    """The data (a `datamodules.base.HairDataModule`), packed and open, and the module.

    What the one knows and the other needs is filled into the config.

    Raises:
        ValueError: the data lacks what batches or module require.
    """
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
    for part in (cfg.batches, cfg.model):  # before networks are made and weights fetched for nothing
        kind = get_class(part._target_)
        check_data(kind.__name__, getattr(kind, "requires", ()), data)
    module: PhasedModule = instantiate(cfg.model)
    check_data(type(module).__name__, module.requires, data)
    check_schedule(cfg, module)
    if getattr(module, "masks", None) is not None:
        check_masks(module.masks, masks_of(cfg.model), cfg.image_size)
    module.execution = Execution(cfg.accumulate, cfg.compile, cfg.channels_last, cfg.activation_checkpointing)
    module.gradient_clip = cfg.get("gradient_clip")
    return data, module


def build_loggers(cfg: DictConfig) -> list[Logger]:
    """The loggers; the run gets a name and a tracking service's an id, which the config keeps."""
    with open_dict(cfg):
        cfg.run_name = cfg.get("run_name") or readable_name(cfg.name, Path(cfg.run_dir))
        for setting, nothing in {"group": None, "tags": [], "notes": None}.items():  # runs of 0.1 have none
            cfg.setdefault(setting, nothing)
    if "wandb" in settings.enabled_components(cfg, "logger"):
        with open_dict(cfg):
            cfg.logger.wandb.id = cfg.logger.wandb.id or secrets.token_hex(4)
    return _made(cfg, "logger", Logger)


def build_callbacks(cfg: DictConfig, more: Iterable[Callback] = ()) -> list[Callback]:
    """The callbacks and some more; those that save checkpoints come last."""
    callbacks = _made(cfg, "callbacks", Callback)
    return sorted([*callbacks, *more], key=lambda callback: isinstance(callback, Checkpoints))


def _made(cfg: DictConfig, group: str, kind: type[T]) -> list[T]:
    """The parts of a group.

    Raises:
        ValueError: one of them is something else.
    """
    parts: list[T] = []
    for name, node in settings.enabled_components(cfg, group).items():
        part = instantiate(node)
        if not isinstance(part, kind):
            raise ValueError(f"{group}.{name}._target_={node._target_} is not a {kind.__name__} of PyTorch Lightning")
        parts.append(part)
    return parts
