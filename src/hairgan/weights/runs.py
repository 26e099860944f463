"""The networks of a training run, read from its directory without the training code.

A run directory holds `config.yaml`, in which `model` names each network's class and arguments, and under
`checkpoints/` files `step_NNNNNNNN.ckpt` and perhaps `best.ckpt`, whose `state_dict` has the networks under
`networks.NAME.` and averaged ones (EMA) under `ema.NAME.`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from hairgan.moved import with_current_names
from hairgan.weights.building import build, with_image_size
from hairgan.weights.documents import describe, expect_count, expect_list, expect_mapping, expect_text, read_yaml
from hairgan.weights.files import archive_is_whole, check_state, read_tensors
from hairgan.weights.run_folders import CONFIG as CONFIG
from hairgan.weights.run_folders import config_file
from hairgan.weights.trusted import is_own, network_class

RECORD = "run.yaml"
FOLDER = "checkpoints"
BEST = "best.ckpt"


def networks_from_run(
    run: str | Path, checkpoint: str = "last", *, averaged: bool = True
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Load the networks of a run.

    Args:
        run: the run directory.
        checkpoint: `last`, `best` or a path.
        averaged: use the averaged weights (EMA) of networks that have them.

    Returns:
        the networks in evaluation mode, by their names in the config's `model`, and a dict with the run's `config`, the
        path of the `checkpoint`, and the `step`. A user's own network gets its arguments as `.config`.

    Raises:
        ValueError: there is no run or no whole checkpoint, one of its files is damaged, a network's class is neither
            ours nor trusted (`hairgan.weights.trusted`), or weights do not fit the config.
    """
    config = read_config(run)
    path = find_checkpoint(run, checkpoint)
    state, step = read_checkpoint(path)
    trained = {key.split(".")[1] for key in state if key.startswith("networks.") and key.count(".") > 1}
    for name in sorted(trained):
        if not isinstance(config["model"].get(name), Mapping) or "_target_" not in config["model"][name]:
            raise ValueError(f"{run}: {CONFIG} names no class for model.{name}, of which {path.name} has weights")
    networks: dict[str, nn.Module] = {}
    for name, node in config["model"].items():
        if not isinstance(node, Mapping) or "_target_" not in node:
            continue
        weights = weights_of(state, name, averaged=averaged)
        if not weights:  # not a trained network, e.g. a function that makes masks
            continue
        where = f"{run}: {CONFIG}: model.{name}"
        cls = network_class(node["_target_"], where)
        arguments = {key: value for key, value in node.items() if key != "_target_"}
        arguments = with_image_size(cls, arguments, config.get("image_size"))
        network = build(cls, arguments, check_state(weights, f"{path}: {name}"), f"{path}: {name}")
        if not is_own(node["_target_"]):  # an inherited `config` may be that of its parent
            network.config = arguments  # type: ignore[assignment]
        networks[name] = network.requires_grad_(False)
    if not networks:
        raise ValueError(f"{run} holds no networks: {CONFIG} names none that {path.name} has weights of")
    return networks, {"config": config, "checkpoint": path, "step": step}


def read_config(run: str | Path) -> dict[str, Any]:
    """The resolved config of a run, with current class names (`hairgan.moved`).

    Raises:
        ValueError: the folder is not a run directory, or its config is damaged.
    """
    file = config_file(run)
    config = with_current_names(expect_mapping(read_yaml(file), str(file)))
    expect_mapping(config.get("model"), f"{file}: model")
    for name, expect in (("name", expect_text), ("seed", expect_count), ("image_size", expect_count)):
        if config.get(name) is not None:
            expect(config[name], f"{file}: {name}")
    names = config.get("domain_names")
    if names is not None:
        names = [
            expect_text(name, f"{file}: each of domain_names") for name in expect_list(names, f"{file}: domain_names")
        ]
        if len(set(names)) < len(names):
            raise ValueError(f"{file}: domain_names names a domain twice: {', '.join(names)}")
    return config


def read_record(run: str | Path) -> dict[str, Any]:
    """What a run's record says about its latest start: dataset, git revision, versions, ...; empty without a record.

    Raises:
        ValueError: the record is damaged.
    """
    file = Path(run) / RECORD
    if not file.is_file():
        return {}
    starts = expect_list(read_yaml(file) or [], str(file))
    return expect_mapping(starts[-1], f"{file}: its last entry") if starts else {}


def read_checkpoint(path: str | Path, *, mapped: bool = False) -> tuple[dict[str, Tensor], int]:
    """All weights in a checkpoint of a run, and the number of steps done.

    Args:
        mapped: as in `hairgan.weights.files.read_tensors`.

    Raises:
        ValueError: the file is damaged, or is not a checkpoint of a run.
    """
    content = read_tensors(path, mapped=mapped)
    if not isinstance(content, Mapping) or "state_dict" not in content or "steps_done" not in content:
        raise ValueError(f"{path} is not a checkpoint of a hairgan run: it has no 'state_dict' and 'steps_done'")
    step = expect_count(content["steps_done"], f"{path}: steps_done")
    state = content["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise ValueError(f"{path}: state_dict must be a mapping of names to tensors, not {describe(state)}")
    return dict(state), step


def check_networks(model: Mapping[str, Any], checkpoint: str | Path) -> None:
    """Refuse a checkpoint whose weights do not fit the networks of a run that is to continue from it.

    A user's own networks are not checked here, but when their training starts.

    Args:
        model: the config's `model`, resolved.

    Raises:
        ValueError: the weights do not fit; the message has the network and the first three differences. It is raised
            before memory for the networks is allocated.
    """
    state, _ = read_checkpoint(checkpoint, mapped=True)
    averages = any(key.startswith("ema.") for key in state)
    if "ema" in model and (model["ema"] is not None) != averages:
        raise ValueError(
            f"model.ema={'null' if model['ema'] is None else model['ema']} does not fit {checkpoint}, which holds "
            f"{'averages' if averages else 'no averages'}: a run keeps them from its first step or not at all"
        )
    for name, node in model.items():
        weights = weights_of(state, name, averaged=False)
        if weights and isinstance(node, Mapping) and is_own(str(node.get("_target_"))):
            arguments = {key: value for key, value in node.items() if key != "_target_"}
            if arguments.get("num_domains", 1) is not None:  # None: the data decides
                build(network_class(node["_target_"], name), arguments, weights, f"{checkpoint}: {name}")


def find_checkpoint(run: str | Path, which: str = "last") -> Path:
    """The checkpoint of a run: `last`, `best`, or a path.

    If the newest checkpoint is damaged, the one before it is taken, with a warning.

    Raises:
        ValueError: there is no such checkpoint, or none that is whole.
    """
    folder = Path(run) / FOLDER
    if which == "last":
        for path in by_step(folder):
            if path.is_file() and archive_is_whole(path):
                return path
            warnings.warn(f"the checkpoint {path} is damaged; taking the one before it", stacklevel=2)
        raise ValueError(f"no checkpoint under {folder}")
    path = folder / BEST if which == "best" else Path(which)
    if not path.is_file():
        raise ValueError(
            f"{run} keeps no best checkpoint: callbacks.checkpoints.monitor names the metric that decides it, and it "
            "must have been measured; 'last' is the newest checkpoint"
            if which == "best"
            else f"there is no checkpoint {path}; it is last, best, or the path of one in {folder}"
        )
    if not archive_is_whole(path):
        raise ValueError(f"the checkpoint {path} is damaged")
    return path


def by_step(folder: Path) -> list[Path]:
    """The step checkpoints of a folder, newest first."""
    found = {int(m[1]): p for p in folder.glob("step_*.ckpt") if (m := re.fullmatch(r"step_(\d+)\.ckpt", p.name))}
    return [found[step] for step in sorted(found, reverse=True)]


def weights_of(state: Mapping[str, Tensor], name: str, *, averaged: bool = True) -> dict[str, Tensor]:
    """The weights of a network in a run's state; empty if there are none.

    Args:
        averaged: prefer the averaged weights (EMA), if there are any.
    """
    prefixes = (f"ema.{name}.", f"networks.{name}.") if averaged else (f"networks.{name}.",)
    found = ({key.removeprefix(p): value for key, value in state.items() if key.startswith(p)} for p in prefixes)
    return next(filter(None, found), {})
