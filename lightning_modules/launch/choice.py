"""Which run a command line means: a new one, one to go on with, one to repeat."""

from __future__ import annotations

import os
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from hairgan.weights.runs import FOLDER, by_step, find_checkpoint
from lightning_modules.launch import processes, run_directory, slurm

CHILD_VARIABLE = "HAIRGAN_RUN_DIR"  # tells the processes that a run launches where the run is
HOW = ("resume", "reproduce")  # overrides that say which run, not what it is


def choose(cfg: DictConfig) -> tuple[DictConfig, Path | None]:
    """The config of the run that is meant, and the checkpoint to go on from (None: from the start).

    Raises:
        ValueError: there is no such run, or it has no checkpoint that is whole.
    """
    if cfg.reproduce and not cfg.resume:
        return _repeated(cfg), None
    run = _run_to_go_on_with(cfg)
    if run is None:
        return cfg, None
    checkpoint = find_checkpoint(run, cfg.resume if str(cfg.resume).endswith(".ckpt") else "last")
    cfg = _config_of(run, cfg)
    with open_dict(cfg):
        cfg.run_dir, cfg.reproduce = str(run), None
    return cfg, checkpoint


def make_directory(cfg: DictConfig) -> Path:
    """Make the run's directory, where the config, SLURM, Hydra's sweep or nobody says which."""
    launched_by_a_run = "LOCAL_RANK" in os.environ and not processes.launched_from_outside()
    if launched_by_a_run and CHILD_VARIABLE in os.environ:
        run_dir = Path(os.environ[CHILD_VARIABLE])
    elif cfg.run_dir:
        run_dir = Path(cfg.run_dir).absolute()
    elif is_sweep():
        run_dir = Path(HydraConfig.get().runtime.output_dir)
    else:
        run_dir = _of_slurm_job(cfg) or run_directory.new(cfg.paths.outputs, cfg.name)
    run_dir.mkdir(parents=True, exist_ok=True)
    os.environ[CHILD_VARIABLE] = str(run_dir)
    return run_dir


def is_sweep() -> bool:
    """Whether this is a job of a Hydra sweep (`-m`)."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def _of_slurm_job(cfg: DictConfig) -> Path | None:
    """Where the run of this SLURM job is, which a job that is queued again finds by its number."""
    number = None if cfg.run_dir or is_sweep() else slurm.job()
    return None if number is None else Path(cfg.paths.outputs).absolute() / cfg.name / f"job_{number}"


def _run_to_go_on_with(cfg: DictConfig) -> Path | None:
    own = _of_slurm_job(cfg)
    if own is not None and cfg.resume in (None, "auto") and by_step(own / FOLDER):
        return own
    if cfg.resume == "auto":
        run = run_directory.newest_with_checkpoint(cfg.paths.outputs, cfg.name)
        if run is None:
            print(f"resume=auto: no run with a checkpoint under {Path(cfg.paths.outputs) / cfg.name}, starting one")
        return run
    return run_directory.of_checkpoint(cfg.resume) if cfg.resume else None


def _repeated(cfg: DictConfig) -> DictConfig:
    """The config of another run, for a directory of its own."""
    run = run_directory.of_checkpoint(cfg.reproduce)
    repeated = _config_of(run, cfg)
    with open_dict(repeated):
        repeated.update(reproduce=str(run), resume=None, run_dir=cfg.run_dir, paths=cfg.paths)
        for logger in (repeated.get("logger") or {}).values():
            if OmegaConf.is_config(logger):
                logger.save_dir = "${run_dir}"
                if "id" in logger:
                    logger.id = None
    return repeated


def _config_of(run: Path, asked: DictConfig) -> DictConfig:
    """The config of a run, with the values given on the command line."""
    cfg = run_directory.load_config(run)
    overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    for override in overrides:
        name, _, _ = override.lstrip("+~").partition("=")
        value = OmegaConf.select(asked, name)
        is_group = OmegaConf.is_config(value) or name in ("experiment", "debug")
        if name not in HOW and not is_group:
            OmegaConf.update(cfg, name, value, force_add=True)
    cfg.resume = asked.resume
    return cfg
