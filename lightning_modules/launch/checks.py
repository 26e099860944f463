"""What is checked of the machine and of how a run was started; its settings are checked in `settings`."""

from __future__ import annotations

import torch
from omegaconf import DictConfig, OmegaConf

from lightning_modules.launch import choice, processes
from lightning_modules.launch.run_directory import Run


def check(cfg: DictConfig) -> None:
    """Refuse what cannot run here, or in this way.

    Raises:
        ValueError: naming the setting, its value and what it may be.
    """
    if cfg.trainer.accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ValueError("trainer.accelerator asks for a GPU, but torch sees none here; trainer=cpu runs without one")
    if choice.is_sweep() and OmegaConf.is_config(cfg.trainer.strategy) and not processes.launched_from_outside():
        raise ValueError(
            "-m with several processes a job would start the whole sweep in each of them: give it trainer.devices=1, "
            "or let every job be launched on its own (sweep.py, hydra/launcher=submitit_slurm)"
        )


def check_run(cfg: DictConfig, run: Run) -> None:
    """Refuse a run that has nothing left to do.

    Raises:
        ValueError: it has done as many steps as are asked for.
    """
    if run.start >= cfg.steps:
        raise ValueError(f"the run in {run.path} has done its {run.start} steps; steps={cfg.steps} asks for no more")
