"""Which run a command line means: a new one, one to continue, or one to repeat."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from hairgan.weights.run_configs import check_config, targets
from hairgan.weights.runs import FOLDER
from hairgan.weights.trusted import trust
from lightning_modules.launch import processes, record, run_directory, settings, slurm
from lightning_modules.launch.overrides import RUN_SELECTION, apply_command_line
from lightning_modules.launch.run_directory import Choice
from lightning_modules.launch.settings.wording import shown


def choose_run(cfg: DictConfig) -> Choice:
    """Choose the run that a config describes, or names with `resume` or `reproduce`.

    Raises:
        ValueError: there is no such run, or settings exclude each other.
    """
    trust(cfg.get("trust"))
    _refuse_contradictions(cfg)
    identity = fingerprint(cfg)
    new_path = None if cfg.run_dir else _new_path(cfg)
    if (launched := run_directory.run_of_launching_process()) is not None:
        run = launched.path if launched.continues else None
    else:
        run = _run_to_continue(cfg, new_path, identity)
    if run is None:
        return Choice(_repeated(cfg) if cfg.reproduce else cfg, None, new_path, identity)
    cfg = _config_of(run, cfg)
    with open_dict(cfg):
        cfg.run_dir, cfg.reproduce = str(run), None
    return Choice(cfg, run, None, identity)


def trainer_config(cfg: DictConfig) -> DictConfig:
    """The trainer config with which processes started by torchrun or srun connect, before they agree on a run.

    If a run is continued, it is the config of that run's trainer.

    Raises:
        ValueError: as `choose_run`.
    """
    if not cfg.resume or not processes.launched_from_outside():
        return cfg.trainer
    trust(cfg.get("trust"))
    auto = cfg.resume == "auto"
    run = run_directory.newest_run(cfg.paths.outputs, cfg.name) if auto else run_directory.find_run(cfg.resume)
    return cfg.trainer if run is None else _config_of(run, cfg).trainer


def fingerprint(cfg: DictConfig) -> str:
    """A hash that is equal for two configs of the same training, whatever the directory of its results."""
    training = OmegaConf.masked_copy(cfg, [name for name in cfg if name not in RUN_SELECTION])
    return hashlib.blake2b(OmegaConf.to_yaml(training, sort_keys=True).encode(), digest_size=8).hexdigest()


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


def _new_path(cfg: DictConfig) -> Path:
    """The directory of a new run. That of a SLURM job is named after the job, which finds it when it is requeued."""
    if is_sweep():
        return Path(HydraConfig.get().runtime.output_dir)
    job = slurm.job()
    name = run_directory.timestamp() if job is None else f"job_{job}"
    return Path(cfg.paths.outputs).absolute() / cfg.name / name


def _run_to_continue(cfg: DictConfig, new_path: Path | None, identity: str) -> Path | None:
    if new_path is not None and slurm.job() and not cfg.reproduce and cfg.resume in (None, "auto"):
        run = _run_of_job(new_path, identity)
        if run is not None:
            return run
    if cfg.resume == "auto":
        run = run_directory.newest_run(cfg.paths.outputs, cfg.name)
        if run is None:
            print(f"resume=auto: there is no run under {Path(cfg.paths.outputs) / cfg.name}, so a new one starts")
        return run
    return run_directory.find_run(cfg.resume) if cfg.resume else None


def _run_of_job(new_path: Path, identity: str) -> Path | None:
    """The run that this SLURM job continues: its run with the same fingerprint or, if the job is requeued, its only
    run. A job of a sweep continues a run only if it is requeued."""
    runs = [run for run in run_directory.numbered_runs(new_path) if (run / run_directory.CONFIG).is_file()]
    requeued = slurm.is_requeued()
    same = [run for run in runs if any(entry.get("asked") == identity for entry in record.read(run))]
    if same and (requeued or not is_sweep()):
        return same[-1]
    if requeued and len(runs) == 1:
        return runs[0]
    if runs:
        print(f"{runs[-1]} holds another run of this SLURM job, so this run gets its own directory")
    return None


def _repeated(cfg: DictConfig) -> DictConfig:
    """The config of the run to reproduce, with the directory and names of the new run."""
    run = run_directory.find_run(cfg.reproduce)
    repeated = _config_of(run, cfg)
    with open_dict(repeated):
        repeated.update(reproduce=str(run), resume=None, run_dir=cfg.run_dir, run_name=cfg.run_name, paths=cfg.paths)
        for logger in (repeated.get("logger") or {}).values():
            if OmegaConf.is_config(logger):
                logger.save_dir = "${run_dir}"
                if "id" in logger:
                    logger.id = None
    return repeated


def _config_of(run: Path, composed: DictConfig) -> DictConfig:
    """The config of a run with the overrides of the command line, from which Hydra composed `composed`."""
    cfg = run_directory.load_config(run)
    typed = targets(OmegaConf.to_container(composed, resolve=False))
    check_config(OmegaConf.to_container(cfg, resolve=False), typed=typed, source=f"the config of {run}")  # type: ignore[arg-type]
    started_from = OmegaConf.create({"init": cfg.get("init")}).init
    cfg = apply_command_line(cfg, composed, run)
    _refuse_other_start(cfg.get("init"), started_from, run)
    with open_dict(cfg):
        cfg.init = started_from
        cfg.resume, cfg.dry_run = composed.resume, composed.dry_run
    settings.choose_strategy(cfg)
    return cfg


def _refuse_other_start(asked: Any, started: Any, run: Path) -> None:
    """Refuse settings of `init` on the command line that are not those that the run started with."""
    asked, started = (OmegaConf.to_container(each) if OmegaConf.is_config(each) else {} for each in (asked, started))
    for name, value in asked.items():
        before = started.get(name)
        if (_sources(value) != _sources(before)) if name == "source" else ((value or None) != (before or None)):
            raise ValueError(
                f"init is for a new run: the run in {run} goes on from its own weights, and started with "
                f"init.{name}={shown(before)}, not {shown(value)}; leave it out"
            )


def _sources(value: Any) -> list[str]:
    """The sources of `init`. Each one is a run directory, a bundle or a file."""
    paths = [value] if isinstance(value, str) else value or []
    found = []
    for path in map(Path, paths):
        in_run = path.suffix == ".ckpt" and path.parent.name == FOLDER
        path = path.parents[1] if in_run else path
        found.append(str(path.absolute() if path.exists() else path))
    return found
