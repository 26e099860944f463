"""Start a run from the weights that `init` names: read them, give them to the module, and freeze parts of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import nn

from hairgan.weights import starting_weights
from hairgan.weights.carry_over import table
from hairgan.weights.starting_weights import SourceNetwork
from lightning_modules.base import PhasedModule
from lightning_modules.launch import processes
from lightning_modules.launch.settings.families import FAMILIES, NETWORKS

CHILD_VARIABLE = "HAIRGAN_INIT"
"""Environment variable with the sources for processes that Lightning starts: a run may save a checkpoint meanwhile."""


def read(cfg: DictConfig) -> dict[str, SourceNetwork]:
    """The networks that `init` names, by the name of the network of this run that starts from them.

    Sets `init.source` to the exact files, so that a record of the config says what was taken. Call it before the data
    is prepared: a mistake is then found at once.

    Raises:
        ValueError: there is no such source, it is damaged, or holds nothing for this model.
    """
    source = (cfg.get("init") or {}).get("source")
    if not source:
        return {}
    given = [source] if isinstance(source, str) else list(source)
    if processes.launched_by_first() and CHILD_VARIABLE in os.environ:
        sources = json.loads(os.environ[CHILD_VARIABLE])
    else:
        sources = processes.from_first_process(lambda: [starting_weights.find(each) for each in given])
        os.environ[CHILD_VARIABLE] = json.dumps(sources)
    with open_dict(cfg):
        cfg.init.source = sources[0] if len(sources) == 1 else sources
    classes = _network_classes(cfg.model)
    return starting_weights.match(
        [each for source in sources for each in starting_weights.read(source, classes)], classes
    )


def _network_classes(model: DictConfig) -> dict[str, type[nn.Module]]:
    """The classes of the networks to train; of a user's own module, of all networks in its config."""
    nodes = OmegaConf.to_container(model, resolve=False)
    assert isinstance(nodes, dict)
    family = FAMILIES.get(str(model.get("_target_")), "")
    classes: dict[str, type[nn.Module]] = {}
    for name in NETWORKS.get(family, nodes):
        node = nodes.get(name)
        found = get_object(node["_target_"]) if isinstance(node, dict) and "_target_" in node else None
        if isinstance(found, type) and issubclass(found, nn.Module):
            classes[str(name)] = found
    return classes


def apply(cfg: DictConfig, module: PhasedModule, matched: Mapping[str, SourceNetwork]) -> None:
    """Give a new module the weights that it starts from, and set `module.start` to what is recorded about them.

    Raises:
        ValueError: nothing fits, or not as `init` asks for.
    """
    init, networks = cfg.init, dict(module.networks.items())
    matched = {name: source for name, source in matched.items() if name in networks}
    found = starting_weights.start(
        networks,
        dict(module.ema.items()),
        matched,
        domains=list(cfg.domain_names or ()),
        chosen=init.get("map"),
        frozen=list(init.get("freeze") or ()),
        exact=bool(init.get("exact")),
    )
    sources = {source.source.path: source.source for source in matched.values()}
    module.start = {
        "sources": [source.facts() for source in sources.values()],
        "from": {name: f"{source.name} of {source.source.path}" for name, source in matched.items()},
        "averages": [name for name in module.ema if name in matched and matched[name].averaged is not None],
        "frozen": list(init.get("freeze") or ()),
        "lr_factors": dict(init.get("lr_factors") or {}),
        "weights": found,
    }


def limit_training(cfg: DictConfig, module: PhasedModule) -> None:
    """Freeze what `init.freeze` names, and set the factors on learning rates; also in a continued run.

    Raises:
        ValueError: there is no such network or part, or nothing is left to train.
    """
    init = cfg.get("init") or {}
    factors = dict(init.get("lr_factors") or {})
    if unknown := [name for name in factors if name not in module.networks]:
        raise ValueError(f"init.lr_factors names '{unknown[0]}', but this model has {', '.join(module.networks)}")
    module.lr_factors = factors
    module.freeze_parts(init.get("freeze") or ())


def as_text(start: Mapping[str, object]) -> str:
    """What a run started from, as lines to print."""
    lines = []
    for source in start["sources"]:  # type: ignore[attr-defined]
        step = f", step {source['step']}" if "step" in source else ""
        lines.append(f"{source['path']} ({source['kind']}{step})")
    return "\n".join([*lines, *table(start["weights"]).splitlines()])  # type: ignore[arg-type]
