"""The networks of a training run, read from its directory without the training code.

A run directory holds `config.yaml`, in which `model` names each network's class and arguments, and under
`checkpoints/` files `step_NNNNNNNN.ckpt` and perhaps `best.ckpt`, whose `state_dict` has the networks under
`networks.NAME.` and averaged ones (EMA) under `ema.NAME.`.
"""

from __future__ import annotations

import importlib
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from hairgan.weights.official import load_exactly

CONFIG = "config.yaml"
FOLDER = "checkpoints"


def networks_from_run(
    run: str | Path, checkpoint: str = "last", *, averaged: bool = True
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Load the networks of a run.

    Args:
        run: the run directory.
        checkpoint: `last`, `best` (the last where no best is kept) or a path.
        averaged: take the averaged weights of networks that have them.

    Returns:
        the networks in evaluation mode, by the names of the config's `model`, and what they are: `config` (the run's),
        `checkpoint` (its path) and `step`.

    Raises:
        ValueError: no run, no whole checkpoint, or weights that do not fit the config.
    """
    config = read_config(run)
    path = find_checkpoint(run, checkpoint)
    state = torch.load(path, map_location="cpu", weights_only=True)
    networks: dict[str, nn.Module] = {}
    for name, node in config["model"].items():
        if isinstance(node, dict) and str(node.get("_target_", "")).startswith("hairgan.networks."):
            prefixes = (f"ema.{name}.", f"networks.{name}.") if averaged else (f"networks.{name}.",)
            weights = next(filter(None, (_below(state["state_dict"], prefix) for prefix in prefixes)), None)
            if weights is not None:  # what has none is no trained network, e.g. a maker of masks
                networks[name] = load_exactly(build(node), weights).eval().requires_grad_(False)
    if not networks:
        raise ValueError(f"{run} holds no networks: {CONFIG} names none that {path.name} has weights of")
    return networks, {"config": config, "checkpoint": path, "step": state["steps_done"]}


def build(node: Mapping[str, Any]) -> nn.Module:
    """A network from a config node: `_target_`, a class of `hairgan.networks`, and its arguments."""
    module, _, name = str(node["_target_"]).rpartition(".")
    if not module.startswith("hairgan.networks."):
        raise ValueError(f"'{node['_target_']}' is no network of hairgan.networks")
    network: nn.Module = getattr(importlib.import_module(module), name)(
        **{key: value for key, value in node.items() if key != "_target_"}
    )
    return network


def read_config(run: str | Path) -> dict[str, Any]:
    """The resolved config of a run.

    Raises:
        ValueError: the folder is no run directory.
    """
    file = Path(run) / CONFIG
    if not file.is_file():
        raise ValueError(f"{run} is no run directory: there is no {CONFIG} in it")
    config: dict[str, Any] = yaml.safe_load(file.read_text())
    return config


def find_checkpoint(run: str | Path, which: str = "last") -> Path:
    """The checkpoint of a run: `last`, `best` (the last where no best is kept), or a path.

    A damaged newest checkpoint is passed over with a warning, and the one before it taken.

    Raises:
        ValueError: there is no such checkpoint, or none that is whole.
    """
    if which not in ("last", "best"):
        path = Path(which)
        if not path.is_file():
            raise ValueError(f"there is no checkpoint {path}")
        if not is_whole(path):
            raise ValueError(f"the checkpoint {path} is damaged")
        return path
    folder = Path(run) / FOLDER
    best = [folder / "best.ckpt"] if which == "best" and (folder / "best.ckpt").exists() else []
    for path in [*best, *by_step(folder)]:
        if is_whole(path):
            return path
        warnings.warn(f"the checkpoint {path} is damaged; taking the one before it", stacklevel=2)
    raise ValueError(f"no checkpoint under {folder}")


def by_step(folder: Path) -> list[Path]:
    """The step checkpoints of a folder, newest first."""
    found = {int(m[1]): p for p in folder.glob("step_*.ckpt") if (m := re.fullmatch(r"step_(\d+)\.ckpt", p.name))}
    return [found[step] for step in sorted(found, reverse=True)]


def is_whole(path: Path) -> bool:
    """Whether a checkpoint is a readable archive whose checksums hold."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _below(state: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
