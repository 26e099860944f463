"""Whose classes may be built because a file names them.

The card of a bundle and the config of a run name classes, and files travel. What a file names is built only if it is

- one of our own networks, or of another kind that its place in a config asks for: our own, torch's, torchmetrics' or
  Lightning's optimizers, callbacks, loggers, ...;
- declared by an installed package in the entry point group `hairgan.plugins`, as `my_net` or `my_net:MyGenerator`;
- or trusted in so many words: `trust("my_net")`, `hairgan ... --trust my_net`, `trust=my_net` for `train.py` and
  `evaluate.py`, which also take `trust=true` for everything.

A command line is typed by its user and is not looked at here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from hairgan.weights.documents import describe
from hairgan.weights.files import shorten

NETWORKS = (
    "hairgan.networks.face_parser.BiSeNet",
    "hairgan.networks.hair_classifier.HairClassifier",
    "hairgan.networks.hair_classifier.ResNetCBAM",
    "hairgan.networks.fan.FAN",
    "hairgan.networks.mean_styles.MeanStyles",
    "hairgan.networks.sean.SEANDiscriminator",
    "hairgan.networks.sean.SEANGenerator",
    "hairgan.networks.stargan.Discriminator",
    "hairgan.networks.stargan.Generator",
    "hairgan.networks.stargan.MappingNetwork",
    "hairgan.networks.stargan.StyleEncoder",
)
"""The networks that cards and runs may name."""

PLUGINS = "hairgan.plugins"
"""Entry point group of packages whose classes are trusted once they are installed."""

EVERYTHING = "*"

_trusted: list[str] = []


def trust(names: bool | str | Iterable[str] | None) -> None:
    """Trust classes of these modules or packages, for the rest of the process, whichever file names them.

    Args:
        names: `"my_net"`, a list of such names, True for everything, or None for nothing.

    Raises:
        ValueError: a name that cannot be one of a module, or of which there is none.
    """
    if names is None or names is False:
        return
    if names is True:
        _trusted.append(EVERYTHING)
        return
    if not isinstance(names, Iterable):
        raise ValueError(f"trust takes true or names of modules or packages, e.g. my_net, not {describe(names)}")
    for name in [names] if isinstance(names, str) else names:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"trust takes names of modules or packages, e.g. my_net, not {describe(name)}")
        package = name.split(".")[0]
        _search_here()
        if package not in sys.modules and importlib.util.find_spec(package) is None:
            raise ValueError(
                f"trust names {shorten(name)}, but there is no module or package {shorten(package)}: is it installed, "
                "or in this directory?"
            )
        _trusted.append(name)


@contextmanager
def trusting(names: bool | str | Iterable[str] | None) -> Iterator[None]:
    """Trust classes of these modules or packages in a `with` block."""
    before = list(_trusted)
    try:
        trust(names)
        yield
    finally:
        _trusted[:] = before


def is_trusted(target: str) -> bool:
    """Whether somebody said that code of this dotted name may run because a file names it."""
    names = (*_trusted, *_plugins())
    return any(name in (EVERYTHING, target) or target.startswith(f"{name}.") for name in names)


@cache
def _plugins() -> tuple[str, ...]:
    points = importlib.metadata.entry_points(group=PLUGINS)
    return tuple(point.value.replace(":", ".").strip() for point in points)


# -- networks --


def network_class(target: Any, source: str) -> type[nn.Module]:
    """The network class of a name in a card (`module:Class`) or config (`module.Class`).

    Args:
        source: who names it, for the message.

    Raises:
        ValueError: it is neither a network of ours nor trusted, or is not a network at all.
    """
    if not isinstance(target, str) or not re.fullmatch(r"\w+(\.\w+)*[.:]\w+(\.\w+)*", target):
        raise ValueError(f"{source} names a network by {describe(target)}, not as package.module.Class")
    name = target.replace(":", ".")
    if not is_own(name) and not is_trusted(name):
        raise ValueError(
            f"{source} names {shorten(name)}, which is not a network of hairgan. "
            f"If you trust its code: {how_to_trust(name)}"
        )
    cls = locate(name)
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise ValueError(f"{source} names {shorten(name)}, which is not a class of torch.nn.Module")
    return cls


def is_own(target: str) -> bool:
    """Whether a dotted name is one of our own networks."""
    return target.replace(":", ".") in NETWORKS


def how_to_trust(target: str) -> str:
    """What to type so that a name is trusted."""
    package = shorten(target.split(".")[0], 40)
    return f"hairgan ... --trust {package}, or trust={package} for train.py and evaluate.py"


def locate(target: str) -> Any:
    """What a dotted name stands for. Modules in the current directory are found too.

    Raises:
        ValueError: there is no such thing, or its module does not load.
    """
    _search_here()
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:length])
        try:
            if importlib.util.find_spec(module) is None:
                continue
        except (ImportError, ValueError, AttributeError):  # its parent is not a package
            continue
        try:
            found: Any = importlib.import_module(module)
            for part in parts[length:]:
                found = getattr(found, part)
        except ImportError as error:
            raise ValueError(f"{target} does not load: {error}") from error
        except AttributeError as error:
            raise ValueError(f"there is no {'.'.join(parts[length:])} in {module}") from error
        return found
    raise ValueError(f"there is no module {shorten('.'.join(parts[:-1]))}: is it installed, or in this directory?")


def _search_here() -> None:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)


# -- configs of runs --


class _Kind(NamedTuple):
    """Classes under a package that have a base class, given by its dotted name; None: the class is defined there."""

    package: str
    base: str | None


_MODULE = "torch.nn.modules.module.Module"
_CALLBACK, _LOGGER = "pytorch_lightning.callbacks.callback.Callback", "pytorch_lightning.loggers.logger.Logger"
_METRIC, _STRATEGY = "torchmetrics.metric.Metric", "pytorch_lightning.strategies.strategy.Strategy"
KINDS: dict[str, tuple[_Kind, ...]] = {
    # the first part of a place in a config -> what may be built there
    "model": (
        _Kind("lightning_modules", "pytorch_lightning.core.module.LightningModule"),
        _Kind("hairgan.networks", _MODULE),
        _Kind("hairgan.losses", _MODULE),
        _Kind("torch.nn", _MODULE),
        _Kind("torch.optim", "torch.optim.optimizer.Optimizer"),
    ),
    "data": (
        _Kind("datamodules", "pytorch_lightning.core.datamodule.LightningDataModule"),
        _Kind("hairgan.data.batches", None),
    ),
    "batches": (_Kind("hairgan.data.batches", None),),
    "callbacks": (
        _Kind("lightning_modules.callbacks", _CALLBACK),
        _Kind("pytorch_lightning.callbacks", _CALLBACK),
        _Kind("torchmetrics", _METRIC),
        _Kind("hairgan.metrics", _METRIC),
    ),
    "logger": (_Kind("lightning_modules.loggers", _LOGGER), _Kind("pytorch_lightning.loggers", _LOGGER)),
    "trainer": (
        _Kind("pytorch_lightning", "pytorch_lightning.trainer.trainer.Trainer"),
        _Kind("pytorch_lightning.strategies", _STRATEGY),
        _Kind("lightning_modules.strategy", _STRATEGY),
        _Kind("pytorch_lightning.profilers", "pytorch_lightning.profilers.profiler.Profiler"),
        _Kind(
            "pytorch_lightning.plugins.environments",
            "lightning_fabric.plugins.environments.cluster_environment.ClusterEnvironment",
        ),
    ),
}
OBJECTS = {
    # functions and plain classes of configs, wherever they stand
    "datetime.timedelta",
    "hairgan.domains.Domains",
    "hairgan.networks.region_masks.region_masks",
    "hairgan.optimizers.bisenet_lr",
    "hairgan.optimizers.linear_decay",
}
LOOK_UPS = ("hydra.utils.get_method", "hydra.utils.get_class", "hydra.utils.get_object")
"""Functions that return what their `path` names."""

_REFERENCE = re.compile(
    r"\$\{[\w.\[\]-]+\}|\$\{oc\.decode:\$\{oc\.env:SLURM_\w+,\d+\}\}|\$\{oc\.env:\w+(,[\w./ -]*)?\}"
)


def check_config(
    config: Mapping[str, Any],
    places: Collection[str] | None = None,
    *,
    typed: Collection[str] = (),
    source: str = "the run's config",
) -> None:
    """Refuse a run's config that would build something else than the known kinds of parts, each in its place.

    Args:
        config: plain values, references (`${...}`) not resolved.
        places: dotted places that will be built, e.g. `data` and `model.masks`, in a config without references;
            None: the whole config, in which `${name}` may refer to what is checked too.
        typed: dotted names that the user's own command line gives (`targets`), and which are trusted therefore.
        source: whose config it is, for the message.

    Raises:
        ValueError: it names something else, and nobody said that it is trusted.
    """
    nodes = {"": config} if places is None else {place: _at(config, place) for place in places}
    for start, node in nodes.items():
        for place, value in _walk(node, start):
            if isinstance(value, Mapping) and "_target_" in value:
                _check_target(place, value, typed, source)
            elif isinstance(value, str) and "${" in value and not is_trusted(EVERYTHING):
                left = _REFERENCE.sub("", value) if places is None else value
                if "${" in left:
                    raise ValueError(
                        f"{source} has {shorten(value)} as {place}, which could stand for anything: "
                        "trust=true if you trust it"
                    )


def targets(config: Any) -> set[str]:
    """All dotted names of a config that would be built or looked up."""
    found: set[str] = set()
    for _, value in _walk(config, ""):
        if isinstance(value, Mapping) and "_target_" in value:
            found |= {str(value["_target_"]), *([str(value["path"])] if value["_target_"] in LOOK_UPS else [])}
    return found - set(LOOK_UPS)


def _check_target(place: str, node: Mapping[str, Any], typed: Collection[str], source: str) -> None:
    target = node["_target_"]
    if target in LOOK_UPS:
        target = node.get("path")
        if isinstance(target, str) and (target in OBJECTS or target in typed or is_trusted(target)):
            return
    if not isinstance(target, str) or not re.fullmatch(r"\w+(\.\w+)+", target):
        raise ValueError(f"{source} names a class by {describe(target)} in {place or 'its top'}, not as module.Class")
    if target in typed or target in OBJECTS or is_own(target) or is_trusted(target):
        return
    if node["_target_"] not in LOOK_UPS and _is_of_kind(target, KINDS.get(place.split(".")[0], ())):
        return
    raise ValueError(
        f"{source} names {shorten(target)} as {place}, which is not a part that hairgan, torch, torchmetrics or "
        f"Lightning have for this place. If you trust its code: trust={target.split('.')[0]}, or trust=true for all"
    )


def _is_of_kind(target: str, kinds: tuple[_Kind, ...]) -> bool:
    fitting = [kind for kind in kinds if target.startswith(f"{kind.package}.")]
    if not fitting or any(part.startswith("_") for part in target.split(".")):
        return False
    try:
        cls = locate(target)
    except ValueError:
        return False
    if not isinstance(cls, type):
        return False
    bases = {f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__}
    defined = f"{cls.__module__}.{cls.__qualname__}"
    return any(kind.base in bases if kind.base else defined.startswith(f"{kind.package}.") for kind in fitting)


def _walk(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """All values with their dotted places."""
    yield place, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _walk(item, f"{place}[{number}]")


def _at(config: Any, place: str) -> Any:
    for name in place.split("."):
        config = config.get(name) if isinstance(config, Mapping) else None
    return config
