"""Checks that need torch, the data or the module; settings alone are checked in `settings`."""

from __future__ import annotations

import inspect
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Callback

from hairgan.data.requirements import Requirement, unmet
from lightning_modules.base import PhasedModule
from lightning_modules.launch import choice, processes, settings
from lightning_modules.launch.folders import check_folder
from lightning_modules.launch.run_directory import Run


def check_machine(cfg: DictConfig) -> None:
    """Refuse settings that need another machine or launcher, classes that do not exist, and impossible folders.

    Raises:
        ValueError: naming the setting, its value and what it may be.
    """
    if cfg.trainer.accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ValueError(
            f"trainer.accelerator={cfg.trainer.accelerator} needs a GPU, but torch finds none; trainer=cpu runs "
            "without one"
        )
    _check_launch(cfg)
    _check_targets(cfg)
    for name, logger in settings.enabled_components(cfg, "logger").items():
        if isinstance(logger.get("save_dir"), str) and logger.save_dir != cfg.run_dir:
            check_folder(f"logger.{name}.save_dir={logger.save_dir}", Path(logger.save_dir))


def _check_launch(cfg: DictConfig) -> None:
    """Refuse several processes that nothing starts, or that would each start all jobs of a sweep."""
    if processes.launched_from_outside():
        return
    if choice.is_sweep() and OmegaConf.is_config(cfg.trainer.strategy):
        raise ValueError(
            "each of the processes of a job would start the whole sweep (-m): use trainer.devices=1, or start every "
            "job on its own (sweep.py, hydra/launcher=submitit_slurm)"
        )
    if cfg.trainer.get("num_nodes", 1) > 1 and "MASTER_ADDR" not in os.environ:
        raise ValueError(
            f"trainer.num_nodes={cfg.trainer.num_nodes} needs processes on other machines: start them with srun "
            "(trainer=slurm) or with torchrun on each machine"
        )


def _check_targets(cfg: DictConfig) -> None:
    """Refuse names of classes and functions that cannot be imported."""
    for name, target in settings.targets_of(cfg).items():
        try:
            found = get_object(target)
        except Exception as error:
            reason = str(error).splitlines()[-1]
            raise ValueError(f"{name}._target_={target} cannot be imported: {reason}") from None
        if name == "trainer" and not (isinstance(found, type) and issubclass(found, pl.Trainer)):
            raise ValueError(f"trainer._target_ must be pytorch_lightning.Trainer or a subclass of it, not {target}")


def check_data(name: str, requirements: Iterable[Requirement], data: Any, remedy: str = "") -> None:
    """Refuse data that lacks what a component of the run needs.

    Args:
        name: the component's name in the config, or its class.
        requirements: its declared requirements.
        data: the data module, set up.
        remedy: how to train without that component.

    Raises:
        ValueError: naming the component, what it needs and the dataset.
    """
    missing = unmet(requirements, data.offer())
    if missing is not None:
        raise ValueError(f"{name} needs {missing}, in {data.dataset.path}" + (f"; {remedy}" if remedy else ""))


def check_schedule(cfg: DictConfig, module: PhasedModule) -> None:
    """Refuse a schedule that is not a function of the step.

    Raises:
        ValueError: naming it.
    """
    if module.schedule is None:
        return
    try:
        math.isfinite(module.schedule(0))
    except TypeError as error:
        raise ValueError(
            f"model.schedule._target_={cfg.model.schedule._target_} does not return a number for a step ({error})"
        ) from error


def masks_setting(model: DictConfig) -> str:
    """The setting that names the function or network for a model's masks, and its value."""
    name = "path" if "path" in model.masks else "_target_"
    return f"model.masks.{name}={model.masks[name]}"


def check_masks(masks: Any, where: str, image_size: int) -> None:
    """Refuse a function or network that does not make masks from images and label maps.

    A function is called once, on an empty image. Of a network, which may need a device, only the signature is checked.

    Args:
        masks: the object built from `model.masks`; None if the high-pass skip is off.
        where: name and value of the setting, for the message.

    Raises:
        ValueError: naming it.
    """
    if masks is None:
        return
    images, labels = torch.zeros(1, 3, image_size, image_size), torch.zeros(1, image_size, image_size, dtype=torch.long)
    try:
        if isinstance(masks, torch.nn.Module):
            inspect.signature(masks.forward).bind(images, labels)
            return
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            made = masks(images, labels)
    except Exception as error:
        if isinstance(error, RuntimeError) and re.search("device|cuda|mps", str(error)):  # it needs another device
            return
        raise ValueError(
            f"{where} is not a function from images and label maps to masks ({' '.join(str(error).split())})"
        ) from error
    if not (
        isinstance(made, tuple | list) and len(made) == 2 and all(torch.is_tensor(m) and m.ndim == 4 for m in made)
    ):
        raise ValueError(f"{where} must give two masks of shape (b, 1, h, w), not {type(made).__name__}")


def check_run(cfg: DictConfig, run: Run, data: Any, module: PhasedModule, callbacks: Iterable[Callback]) -> None:
    """Refuse a run that has done all its steps, or whose callbacks need other data.

    Raises:
        ValueError: naming the steps, or as `check_data`.
    """
    for callback in callbacks:
        if hasattr(callback, "requires"):
            name = f"callbacks.{getattr(callback, 'name', type(callback).__name__)}"
            check_data(name, callback.requires(module), data, f"{name}=null trains without it")
    if run.start >= cfg.steps:
        raise ValueError(
            f"the run in {run.path} has already done {run.start} steps, and steps={cfg.steps}: raise steps to continue"
        )
