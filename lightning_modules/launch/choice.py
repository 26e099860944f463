"""Which run a command line means: a new one, one to continue, or one to repeat."""

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
from lightning_modules.launch.overrides import RUN_SELECTION, apply_command_line


@dataclass(frozen=True)
class Choice:
    """The chosen run.

    Attributes:
        cfg: its config.
        run: the directory of the run to continue; None for a new run.
        place: where a new run goes, with a number added if the name is taken. None: only in `cfg.run_dir`.
        asked: fingerprint of the config as given, before anything was filled in.
    """

    cfg: DictConfig
    run: Path | None
    place: Path | None
    asked: str


def choose(cfg: DictConfig) -> Choice:
    """Choose the run that a config asks for.

    Raises:
        ValueError: there is no such run, or settings exclude each other.
    """
    trust(cfg.get("trust"))
    _refuse_contradictions(cfg)
    asked = fingerprint(cfg)
    place = None if cfg.run_dir else _place(cfg)
    if (launched := run_directory.of_launching_process()) is not None:
        run = launched.path if launched.continues else None
    else:
        run = _run_to_continue(cfg, place, asked)
    if run is None:
        return Choice(_repeated(cfg) if cfg.reproduce else cfg, None, place, asked)
    cfg = _config_of(run, cfg)
    with open_dict(cfg):
        cfg.run_dir, cfg.reproduce = str(run), None
    return Choice(cfg, run, None, asked)


def trainer_of(cfg: DictConfig) -> DictConfig:
    """The trainer config with which processes started by torchrun or srun connect, before they agree on a run.

    It is that of the run to continue, where there is one.

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
    """Equal for two configs that ask for the same training, wherever its results go."""
    what = OmegaConf.masked_copy(cfg, [name for name in cfg if name not in RUN_SELECTION])
    return hashlib.blake2b(OmegaConf.to_yaml(what, sort_keys=True).encode(), digest_size=8).hexdigest()


def is_sweep() -> bool:
    """Whether this is a job of a Hydra sweep (`-m`)."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def _refuse_contradictions(cfg: DictConfig) -> None:
    if cfg.resume and cfg.reproduce:
        raise ValueError(
            "give either resume, which continues a run, or reproduce, which repeats one in a new directory"
        )
    if cfg.resume and cfg.run_dir:
        raise ValueError(f"resume={cfg.resume} continues in that run's directory: leave out run_dir={cfg.run_dir}")
    if is_sweep() and cfg.run_dir and f"run_dir={cfg.run_dir}" in sys.argv:  # and not a list of directories
        raise ValueError(
            f"-m with run_dir={cfg.run_dir} would use one directory for all jobs: leave it out, or choose the folder "
            "of the jobs' directories with hydra.sweep.dir=..."
        )
    if is_sweep() and cfg.resume == "auto":
        raise ValueError("-m with resume=auto would continue the same run in every job: name the runs, or leave it out")


def _place(cfg: DictConfig) -> Path:
    """Where a new run goes. A SLURM job has its own place, which it finds again when it is queued again."""
    if is_sweep():
        return Path(HydraConfig.get().runtime.output_dir)
    job = slurm.job()
    name = run_directory.stamp() if job is None else f"job_{job}"
    return Path(cfg.paths.outputs).absolute() / cfg.name / name


def _run_to_continue(cfg: DictConfig, place: Path | None, asked: str) -> Path | None:
    if place is not None and slurm.job() and not cfg.reproduce and cfg.resume in (None, "auto"):
        run = _run_of_job(place, asked)
        if run is not None:
            return run
    if cfg.resume == "auto":
        run = run_directory.newest(cfg.paths.outputs, cfg.name)
        if run is None:
            print(f"resume=auto: there is no run under {Path(cfg.paths.outputs) / cfg.name}, so a new one starts")
        return run
    return run_directory.of_checkpoint(cfg.resume) if cfg.resume else None


def _run_of_job(place: Path, asked: str) -> Path | None:
    """The run that this SLURM job continues: one of its own with the same fingerprint or, when the job is queued again,
    its only one. A job of a sweep continues only when it is queued again."""
    runs = [run for run in run_directory.runs_at(place) if (run / run_directory.CONFIG).is_file()]
    again = slurm.is_requeued()
    same = [run for run in runs if any(r.get("asked") == asked for r in record.read(run))]
    if same and (again or not is_sweep()):
        return same[-1]
    if again and len(runs) == 1:
        return runs[0]
    if runs:
        print(f"{runs[-1]} holds another run of this SLURM job, so this run gets its own directory")
    return None


def _repeated(cfg: DictConfig) -> DictConfig:
    """The config of another run, for a new directory."""
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
    """The config of a run with the overrides of the command line."""
    cfg = run_directory.load_config(run)
    typed = targets(OmegaConf.to_container(asked, resolve=False))
    check_config(OmegaConf.to_container(cfg, resolve=False), typed=typed, source=f"the config of {run}")  # type: ignore[arg-type]
    cfg = apply_command_line(cfg, asked, run)
    with open_dict(cfg):
        cfg.resume, cfg.dry_run = asked.resume, asked.dry_run
    settings.choose_strategy(cfg)
    return cfg
