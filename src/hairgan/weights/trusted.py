"""Which classes may be built because a file names them.

The card of a bundle and the config of a run name classes, and may come from someone else. A class that a file names is
built only if it is

- one of our own networks, or a part that belongs at its place in a config: an optimizer, callback, logger, ... of
  hairgan, torch, torchmetrics or Lightning;
- declared by an installed package in the entry point group `hairgan.plugins`, as `my_net` or `my_net:MyGenerator`;
- or trusted explicitly: `trust("my_net")`, `hairgan ... --trust my_net`, `trust=my_net` for `train.py` and
  `evaluate.py`, which also take `trust=true` for everything.

What a user types on a command line is not checked here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from hairgan.weights.documents import describe
from hairgan.weights.files import shorten

NETWORKS = (
    "hairgan.networks.face_parser.BiSeNet",
    "hairgan.networks.hair_classifier.HairClassifier",
    "hairgan.networks.hair_classifier.ResNetCBAM",
    "hairgan.networks.fan.FAN",
    "hairgan.networks.hair_layout.HairLayoutNet",
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
    """Trust classes of these modules or packages for the rest of the process, regardless of the file that names them.

    Args:
        names: `"my_net"`, a list of such names, True for everything, or None for nothing.

    Raises:
        ValueError: a name is not valid as that of a module, or there is no such module.
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
        if name != package:
            _check_part(name)
        _trusted.append(name)


def _check_part(name: str) -> None:
    """Check that there is a module, package or class of a dotted name. Imports the package that it is in.

    Raises:
        ValueError: there is none; the message has the name.
    """
    try:
        if importlib.util.find_spec(name) is not None:
            return
    except ImportError:  # its parent is a module, or does not load
        pass
    try:
        locate(name)
    except ValueError as error:
        raise ValueError(f"trust names {shorten(name)}, but {error}") from error


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
    """Whether a file may name the code of this dotted name."""
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
        source: where it is named, for the message.

    Raises:
        ValueError: it is neither one of our own networks nor trusted, or is not a network.
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
    """The options to type so that a name is trusted."""
    package = shorten(target.split(".")[0], 40)
    return f"hairgan ... --trust {package}, or trust={package} for train.py and evaluate.py"


def locate(target: str) -> Any:
    """The object of a dotted name. Modules in the current directory are found too.

    Raises:
        ValueError: there is no such object, or its module cannot be imported.
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
