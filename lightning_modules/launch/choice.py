"""Which run a command line means: a new one, one to go on with, one to repeat."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from hairgan.weights.run_configs import check_config, targets
from hairgan.weights.trusted import trust
from lightning_modules.launch import processes, record, run_directory, settings, slurm
from lightning_modules.launch.overrides import HOW, apply_command_line


@dataclass(frozen=True)
class Choice:
    """The run that is meant.

    Attributes:
        cfg: its config.
        run: the directory of a run to go on with; None for a new one.
        place: where a new run goes; a number is added where the name is taken. None for `cfg.run_dir` and nowhere else.
        asked: identifies the config as it was asked for, before anything was filled in.
    """

    cfg: DictConfig
    run: Path | None
    place: Path | None
    asked: str


def choose(cfg: DictConfig) -> Choice:
    """Which run is meant.

    Raises:
        ValueError: there is no such run, or settings that exclude each other.
    """
    trust(cfg.get("trust"))
    _refuse_contradictions(cfg)
    asked = fingerprint(cfg)
    place = None if cfg.run_dir else _place(cfg)
    if (launched := run_directory.of_launching_process()) is not None:
        run = launched.path if launched.goes_on else None
    else:
        run = _run_to_go_on_with(cfg, place, asked)
    if run is None:
        return Choice(_repeated(cfg) if cfg.reproduce else cfg, None, place, asked)
    cfg = _config_of(run, cfg)
    with open_dict(cfg):
        cfg.run_dir, cfg.reproduce = str(run), None
    return Choice(cfg, run, None, asked)


def trainer_of(cfg: DictConfig) -> DictConfig:
    """The trainer by which processes that were started side by side connect, before they agree on a run: that of the
    run to go on with, where there is one.

    Raises:
        ValueError: as `choose`.
    """
    if not cfg.resume or not processes.launched_from_outside():
        return cfg.trainer
    trust(cfg.get("trust"))
    auto = cfg.resume == "auto"
    run = run_directory.newest(cfg.paths.outputs, cfg.name) if auto else run_directory.of_checkpoint(cfg.resume)
    return cfg.trainer if run is None else _config_of(run, cfg).trainer


def fingerprint(cfg: DictConfig) -> str:
    """The same for two command lines that ask for the same training, wherever its results go."""
    what = OmegaConf.masked_copy(cfg, [name for name in cfg if name not in HOW])
    return hashlib.blake2b(OmegaConf.to_yaml(what, sort_keys=True).encode(), digest_size=8).hexdigest()


def is_sweep() -> bool:
    """Whether this is a job of a Hydra sweep (`-m`)."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def _refuse_contradictions(cfg: DictConfig) -> None:
    if cfg.resume and cfg.reproduce:
        raise ValueError("resume goes on with a run, reproduce repeats one in a new directory: give one of them")
    if cfg.resume and cfg.run_dir:
        raise ValueError(f"resume={cfg.resume} goes on in that run's directory: leave run_dir={cfg.run_dir} out")
    if is_sweep() and cfg.run_dir and f"run_dir={cfg.run_dir}" in sys.argv:  # and not a list of directories
        raise ValueError(
            f"-m with run_dir={cfg.run_dir} would send every job to one directory: leave it out, or say where the "
            "directories of the jobs go with hydra.sweep.dir=..."
        )
    if is_sweep() and cfg.resume == "auto":
        raise ValueError("-m with resume=auto would send every job to the same run: name the runs, or leave it out")


def _place(cfg: DictConfig) -> Path:
    """Where a new run goes: a SLURM job has a place of its own, which it finds again when it is queued again."""
    if is_sweep():
        return Path(HydraConfig.get().runtime.output_dir)
    job = slurm.job()
    name = run_directory.stamp() if job is None else f"job_{job}"
    return Path(cfg.paths.outputs).absolute() / cfg.name / name


def _run_to_go_on_with(cfg: DictConfig, place: Path | None, asked: str) -> Path | None:
    if place is not None and slurm.job() and not cfg.reproduce and cfg.resume in (None, "auto"):
        run = _run_of_job(place, asked)
        if run is not None:
            return run
    if cfg.resume == "auto":
        run = run_directory.newest(cfg.paths.outputs, cfg.name)
        if run is None:
            print(f"resume=auto: there is no run under {Path(cfg.paths.outputs) / cfg.name}, starting one")
        return run
    return run_directory.of_checkpoint(cfg.resume) if cfg.resume else None


def _run_of_job(place: Path, asked: str) -> Path | None:
    """The run with which this SLURM job goes on: one of its own that was asked for in the same words, or, when the job
    is queued again, its only one. A job of a sweep goes on only when it is queued again."""
    runs = [run for run in run_directory.named_after(place) if (run / run_directory.CONFIG).is_file()]
    again = slurm.is_requeued()
    same = [run for run in runs if any(r.get("asked") == asked for r in record.read(run))]
    if same and (again or not is_sweep()):
        return same[-1]
    if again and len(runs) == 1:
        return runs[0]
    if runs:
        print(f"{runs[-1]} holds another run of this SLURM job: this one gets a directory of its own")
    return None


def _repeated(cfg: DictConfig) -> DictConfig:
    """The config of another run, for a directory of its own."""
    run = run_directory.of_checkpoint(cfg.reproduce)
    repeated = _config_of(run, cfg)
    with open_dict(repeated):
        repeated.update(reproduce=str(run), resume=None, run_dir=cfg.run_dir, run_name=cfg.run_name, paths=cfg.paths)
        for logger in (repeated.get("logger") or {}).values():
            if OmegaConf.is_config(logger):
                logger.save_dir = "${run_dir}"
                if "id" in logger:
                    logger.id = None
    return repeated


def _config_of(run: Path, asked: DictConfig) -> DictConfig:
    """The config of a run, with the values given on the command line."""
    cfg = run_directory.load_config(run)
    typed = targets(OmegaConf.to_container(asked, resolve=False))
    check_config(OmegaConf.to_container(cfg, resolve=False), typed=typed, source=f"the config of {run}")  # type: ignore[arg-type]
    cfg = apply_command_line(cfg, asked, run)
    with open_dict(cfg):
        cfg.resume, cfg.dry_run = asked.resume, asked.dry_run
    settings.choose_strategy(cfg)
    return cfg
