"""The directory of a run: where it is, what it records, how it is found again."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import yaml
from omegaconf import DictConfig, OmegaConf

from hairgan.weights.runs import CONFIG, FOLDER, by_step

RECORD = "run.yaml"
AS_WRITTEN = (
    "config_as_written.yaml"  # the config with its references (`${steps}`), for runs that go on with other values
)

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "omegaconf", "wandb", "numpy")


def new(outputs: str | Path, name: str) -> Path:
    """Make a fresh directory `outputs/name/DATE_TIME`, and return its absolute path."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for attempt in range(100):
        path = Path(outputs).absolute() / name / (stamp + (f"_{attempt}" if attempt else ""))
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path
    raise OSError(f"could not make a directory of its own under {Path(outputs) / name}")


def newest_with_checkpoint(outputs: str | Path, name: str) -> Path | None:
    """The newest run of a name that has a checkpoint, or None."""
    runs = sorted((Path(outputs) / name).glob("*"), key=lambda run: run.name, reverse=True)
    return next((run.absolute() for run in runs if by_step(run / FOLDER)), None)


def of_checkpoint(path: str | Path) -> Path:
    """The run directory of a checkpoint file, or the path itself where it is a run directory.

    Raises:
        ValueError: neither.
    """
    path = Path(path).absolute()
    run = path.parent.parent if path.suffix == ".ckpt" else path
    if not (run / CONFIG).is_file():
        raise ValueError(f"{path} is neither a run directory (with a {CONFIG}) nor a checkpoint in one")
    return run


def load_config(run_dir: str | Path) -> DictConfig:
    """The config with which a run was made; values that refer to others still do."""
    run_dir = Path(run_dir)
    if not (run_dir / CONFIG).is_file():
        raise ValueError(f"{run_dir} is no run directory: there is no {CONFIG} in it")
    config = OmegaConf.load(run_dir / (AS_WRITTEN if (run_dir / AS_WRITTEN).is_file() else CONFIG))
    assert isinstance(config, DictConfig)
    return config


def write_record(run_dir: Path, config: DictConfig, **facts: Any) -> None:
    """Write the resolved config and what else is needed to repeat the run."""
    OmegaConf.save(config, run_dir / CONFIG, resolve=True)
    OmegaConf.save(config, run_dir / AS_WRITTEN)
    record = {
        "command": " ".join(sys.argv),
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "git": git_state(),
        "versions": {"python": platform.python_version()} | versions(),
        "hardware": hardware(),
        **facts,
    }
    history = [*records(run_dir), record]
    (run_dir / RECORD).write_text(yaml.safe_dump(history, sort_keys=False, allow_unicode=True))


def records(run_dir: Path) -> list[dict[str, Any]]:
    """What was recorded at each start of a run, oldest first."""
    path = run_dir / RECORD
    return yaml.safe_load(path.read_text()) if path.exists() else []


def differences(earlier: Path, later: Path) -> str:
    """What two runs' first records differ in, of that on which results depend, a line each."""
    first, second = (records(run)[0] for run in (earlier, later))
    rows = [
        f"  {f'{what} {name}'.strip()}: {then} then, {now} now"
        for what in ("seed", "git", "versions", "hardware", "dataset")
        for name, (then, now) in _changes(first.get(what), second.get(what)).items()
    ]
    return "\n".join([f"repeats {earlier}" + (", but for" if rows else ", in the same environment"), *rows])


def _changes(then: Any, now: Any) -> dict[str, tuple[Any, Any]]:
    if isinstance(then, dict) and isinstance(now, dict):
        return {k: (then.get(k), now.get(k)) for k in (then | now) if then.get(k) != now.get(k) and k != "path"}
    return {} if then == now else {"": (then, now)}


def new_id() -> str:
    """A name for a run with a tracking service, which its config keeps."""
    return secrets.token_hex(4)


def versions() -> dict[str, str]:
    """Installed versions of what a run's numbers depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def hardware() -> dict[str, Any]:
    """The machine, as far as results and speed depend on it."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "gpus": gpus}


def git_state() -> dict[str, Any]:
    """Revision of the code and whether it was changed since; None where it is not under git."""
    here = Path(__file__).parent

    def git(*command: str) -> str | None:
        try:
            done = subprocess.run(["git", *command], cwd=here, capture_output=True, text=True, check=True, timeout=10)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    status = git("status", "--porcelain")
    return {"revision": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}
