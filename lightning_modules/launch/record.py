"""The records in a run directory, with which the run can be continued, reproduced and understood."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from omegaconf import DictConfig, OmegaConf

import hairgan
from hairgan import programs
from hairgan.files import write_text
from hairgan.moved import with_current_names
from hairgan.weights.runs import CONFIG
from lightning_modules.launch.overrides import RUN_SELECTION
from lightning_modules.launch.settings.wording import shown

RECORD = "run.yaml"
AS_WRITTEN = "config_as_written.yaml"
"""The config with references (`${steps}`) unresolved, so that a continued run can change what they refer to."""

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "omegaconf", "wandb", "numpy")


def make(**facts: Any) -> dict[str, Any]:
    """The record of one start of a run: command, time, git revision, versions, hardware, and further facts."""
    return {
        "command": typed_command(),
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "git": git_state(),
        "versions": {"python": platform.python_version()} | versions(),
        "hardware": hardware(),
        **facts,
    }


def typed_command() -> str:
    """What the user typed to start this process, as far as it is known."""
    script = Path(sys.argv[0])
    if script.parent == programs.folder() and script.stem in programs.PROGRAMS and script.is_absolute():
        return f"{programs.command(script.stem)} {shlex.join(sys.argv[1:])}"
    return shlex.join(sys.argv)


def write(run_dir: Path, config: DictConfig, record: dict[str, Any]) -> None:
    """Write the config, and add the record to those of earlier starts."""
    history = [*read(run_dir), record]
    write_text(run_dir / AS_WRITTEN, OmegaConf.to_yaml(config))
    write_text(run_dir / RECORD, yaml.safe_dump(history, sort_keys=False, allow_unicode=True))
    write_text(run_dir / CONFIG, OmegaConf.to_yaml(config, resolve=True))  # last, as it marks the directory as a run


def read(run_dir: Path) -> list[dict[str, Any]]:
    """The records of a run, one per start, oldest first; empty if the file is missing or damaged."""
    try:
        history = yaml.safe_load((run_dir / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    return [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []


def started_from(run_dir: Path) -> dict[str, Any] | None:
    """What the first start of a run recorded about the weights that it started from; None for random weights."""
    return next((entry["init"] for entry in read(run_dir) if isinstance(entry.get("init"), dict)), None)


def differences(earlier: Path, now: dict[str, Any]) -> str:
    """Compare the first record of a run with a new one: one line per difference that results may depend on."""
    first = next(iter(read(earlier)), {})
    rows = [
        f"  {f'{group} {name}'.strip()}: {then} then, {value} now"
        for group in ("seed", "git", "versions", "hardware", "dataset")
        for name, (then, value) in _changes(first.get(group), now.get(group)).items()
    ]
    for file, (then, value) in _changes(_hashes(first), _hashes(now)).items():
        rows.append(f"  init {file}: SHA-256 {then} then, {value} now")
    return "\n".join([f"repeats {earlier}" + (", except for" if rows else ", in the same environment"), *rows])


def changed_settings(run_dir: Path, cfg: DictConfig) -> list[str]:
    """One line per setting with another value than in the stored config of a run, without those that refer to others.

    Args:
        cfg: the config with which the run is continued.
    """
    then = _flat(with_current_names(yaml.safe_load((run_dir / CONFIG).read_text(encoding="utf-8"))))
    now, written = (_flat(OmegaConf.to_container(cfg, resolve=resolve)) for resolve in (True, False))
    names = [name for name in now | then if name not in RUN_SELECTION and "${" not in str(written.get(name))]
    changes = ((name, then.get(name), now.get(name)) for name in names)
    return [f"{name}: {shown(old)} then, {shown(new)} now" for name, old, new in changes if old != new]


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Values by their full names; without empty ones, which are equal to those that an older version did not have."""
    if isinstance(tree, dict):
        return {key: value for name, each in tree.items() for key, value in _flat(each, f"{prefix}.{name}").items()}
    return {} if tree in (None, []) else {prefix[1:]: tree}


def _hashes(entry: Mapping[str, Any]) -> dict[str, str]:
    """File -> hash of the weights that a run started from."""
    sources = (entry.get("init") or {}).get("sources", ())
    return {file: digest for source in sources for file, digest in source.get("sha256", {}).items()}


def _changes(then: Any, now: Any) -> dict[str, tuple[Any, Any]]:
    if isinstance(then, dict) and isinstance(now, dict):
        names = [name for name in then | now if then.get(name) != now.get(name) and name not in ("path", "source")]
        return {name: (then.get(name), now.get(name)) for name in names}
    return {} if then == now else {"": (then, now)}


def versions() -> dict[str, str | None]:
    """Versions of the packages that a run's numbers depend on; None for one that is not installed."""
    return {"hairgan": hairgan.__version__} | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def hardware() -> dict[str, Any]:
    """The machine, as far as results and speed depend on it."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "gpus": gpus}


def git_state() -> dict[str, Any]:
    """Revision of the code, and whether it has uncommitted changes; None without git, or for an installed package."""
    if programs.is_installed():  # its folder may be in the user's own repository
        return {"revision": None, "dirty": None}
    here = Path(__file__).parent

    def git(*command: str) -> str | None:
        try:
            done = subprocess.run(["git", *command], cwd=here, capture_output=True, text=True, check=True, timeout=10)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    status = git("status", "--porcelain")
    return {"revision": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}
