"""Which classes and functions the config of a run may name.

These are the parts that hairgan, torch, torchmetrics and Lightning have for each place of a config, and what is trusted
(`hairgan.weights.trusted`). A config is checked before anything in it is built.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from hairgan.weights.documents import describe
from hairgan.weights.files import shorten
from hairgan.weights.trusted import EVERYTHING, is_own, is_trusted, locate


class _Kind(NamedTuple):
    """Classes in a package that derive from a base class (a dotted name), or for None are defined in the package."""

    package: str
    base: str | None


_MODULE = "torch.nn.modules.module.Module"
_CALLBACK, _LOGGER = "pytorch_lightning.callbacks.callback.Callback", "pytorch_lightning.loggers.logger.Logger"
_METRIC, _STRATEGY = "torchmetrics.metric.Metric", "pytorch_lightning.strategies.strategy.Strategy"
KINDS: dict[str, tuple[_Kind, ...]] = {
    # first part of a place in a config -> classes that may be built there
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
    # functions and plain classes that are allowed at any place
    "datetime.timedelta",
    "hairgan.domains.Domains",
    "hairgan.networks.region_masks.region_masks",
    "hairgan.optimizers.bisenet_lr",
    "hairgan.optimizers.linear_decay",
}
LOOK_UPS = ("hydra.utils.get_method", "hydra.utils.get_class", "hydra.utils.get_object")
"""Functions that return the object that their `path` names."""

_REFERENCE = re.compile(
    r"\$\{[\w.\[\]-]+\}|\$\{oc\.decode:\$\{oc\.env:SLURM_\w+,\d+\}\}|\$\{oc\.env:\w+(,(\$\{[\w.]+\})?[\w./ -]*)?\}"
)

_METRICS = re.compile(r"callbacks\.[^.]+\.metrics(\[\d+\])?")
"""Places of names of metrics; one with a dot is a class of the user's own (`hairgan.metrics.registry`)."""


def check_config(
    config: Mapping[str, Any],
    places: Collection[str] | None = None,
    *,
    typed: Collection[str] = (),
    source: str = "the run's config",
) -> None:
    """Refuse a run's config that would build anything but the known kinds of parts, each in its place.

    Args:
        config: plain values, references (`${...}`) not resolved.
        places: dotted places that will be built, e.g. `data` and `model.masks`, in a config without references; None
            checks the whole config, in which `${name}` may refer to other checked values.
        typed: dotted names on the user's own command line (see `targets`), which are therefore trusted.
        source: whose config it is, for the message.

    Raises:
        ValueError: it names anything else that is not trusted.
    """
    nodes = {"": config} if places is None else {place: _at(config, place) for place in places}
    for start, node in nodes.items():
        for place, value in _walk(node, start):
            if isinstance(value, Mapping) and "_target_" in value:
                _check_target(place, value, typed, source)
            elif _METRICS.fullmatch(place):
                _check_metric(place, value, typed, source)
            elif isinstance(value, str) and "${" in value and not is_trusted(EVERYTHING):
                left = _REFERENCE.sub("", value) if places is None else value
                if "${" in left:
                    raise ValueError(
                        f"{source} has {shorten(value)} as {place}, which could resolve to anything: "
                        "give trust=true if you trust it"
                    )


def targets(config: Any) -> set[str]:
    """All dotted names of a config that would be built or looked up."""
    found: set[str] = set()
    for place, value in _walk(config, ""):
        if isinstance(value, Mapping) and "_target_" in value:
            found |= {str(value["_target_"]), *([str(value["path"])] if value["_target_"] in LOOK_UPS else [])}
        elif _METRICS.fullmatch(place) and isinstance(value, str) and "." in value:
            found.add(value)
    return found - set(LOOK_UPS)


def _check_target(place: str, node: Mapping[str, Any], typed: Collection[str], source: str) -> None:
    target = node["_target_"]
    if target in LOOK_UPS:
        target = node.get("path")
        if isinstance(target, str) and (target in OBJECTS or target in typed or is_trusted(target)):
            return
    if not isinstance(target, str) or not re.fullmatch(r"\w+(\.\w+)+", target):
        raise ValueError(
            f"{source} names a class by {describe(target)} at {place or 'its top level'}, not as module.Class"
        )
    if target in typed or target in OBJECTS or is_own(target) or is_trusted(target):
        return
    if node["_target_"] not in LOOK_UPS and _is_of_kind(target, KINDS.get(place.split(".")[0], ())):
        return
    raise ValueError(
        f"{source} names {shorten(target)} as {place}, which is not a part that hairgan, torch, torchmetrics or "
        f"Lightning have for this place. If you trust its code: trust={target.split('.')[0]}, or trust=true for all"
    )


def _check_metric(place: str, value: Any, typed: Collection[str], source: str) -> None:
    """Refuse a metric, or a reference to metrics, that names a class which is not trusted."""
    if not isinstance(value, str) or not {".", "$"} & set(value) or value in typed or is_trusted(value):
        return
    if not _is_of_kind(value, KINDS["callbacks"]):
        raise ValueError(
            f"{source} names the metric {shorten(value)} as {place}, which is not one of hairgan. If you trust its "
            f"code: trust={shorten(value.split('.')[0], 40)}, or trust=true for all"
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
