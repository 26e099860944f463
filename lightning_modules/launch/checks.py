"""What is checked before a run starts."""

from __future__ import annotations

import torch
from omegaconf import DictConfig, OmegaConf

from lightning_modules.launch import choice, processes


def check(cfg: DictConfig) -> None:
    """Refuse what no run can be made of.

    Raises:
        ValueError: naming the setting, its value and what it may be.
    """
    size = cfg.image_size
    if not isinstance(size, int) or size < 32 or size & (size - 1):
        raise ValueError(f"image_size must be a power of two of 32 or more, not {size}")
    for name in ("steps", "batch_size", "accumulate"):
        if not isinstance(cfg[name], int) or cfg[name] < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more, not {cfg[name]}")
    if cfg.trainer.accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ValueError("trainer.accelerator asks for a GPU, but torch sees none here; trainer=cpu runs without one")
    if choice.is_sweep() and OmegaConf.is_config(cfg.trainer.strategy) and not processes.launched_from_outside():
        raise ValueError(
            "-m with several processes a job would start the whole sweep in each of them: give it trainer.devices=1, "
            "or let every job be launched on its own (sweep.py, hydra/launcher=submitit_slurm)"
        )
