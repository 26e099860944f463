"""A config as a tree of plain values, and the components in it: every group with a `_target_`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from lightning_modules.launch.settings.wording import shown


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The values of a config with its references (`${name}`) resolved.

    Raises:
        ValueError: a reference names nothing, or references form a circle.
    """
    try:
        return OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise ValueError(_explain_unresolved(error)) from None
    except RecursionError:
        raise ValueError("values of the config refer to each other in a circle") from None


def _explain_unresolved(error: OmegaConfBaseException) -> str:
    message, name = str(error).splitlines()[0], error.full_key or "the config"
    if found := re.search(r"node `(.+?)` is not a container", message):
        return f"{found.group(1)} must be a group of settings"
    if found := re.search(r"Interpolation key '(.+?)' not found", message):
        return f"{name} refers to {found.group(1)}, which does not exist"
    return f"{name}: {message}"


def referenced_names(cfg: DictConfig) -> set[str]:
    """First names of what a config's values refer to: the user may add values of his own for others to refer to."""
    return set(re.findall(r"\$\{(\w+)", str(OmegaConf.to_container(cfg, resolve=False))))


def components(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A component and all components in it, with their full names, outermost first.

    Args:
        node: any value of a config.
        where: its full name.
    """
    if isinstance(node, dict):
        if "_target_" in node:
            yield where, node
        for name, value in node.items():
            yield from components(value, f"{where}.{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from components(value, f"{where}[{number}]")


def targets_of(cfg: DictConfig) -> dict[str, str]:
    """Full name -> `_target_` of all components of a config."""
    return {path: node["_target_"] for group, top in plain(cfg).items() for path, node in components(top, str(group))}


def enabled_components(values: Any, group: str) -> dict[str, Any]:
    """The callbacks or loggers of a config by name, without those set to null; none after `GROUP=none`.

    Raises:
        ValueError: a group lacks its `_target_`, as `~callbacks` leaves some.
    """
    nodes = values.get(group) or {}
    if not isinstance(nodes.get("enabled", True), bool):
        raise ValueError(f"{group}.enabled must be true or false, not {shown(nodes['enabled'])}")
    if not nodes.get("enabled", True):
        return {}
    off = {name for name in nodes if nodes[name] is None or name in ("enabled", "mode")}
    found = {name: nodes[name] for name in nodes if name not in off}
    for name, node in found.items():
        if not hasattr(node, "get") or not isinstance(node.get("_target_"), str):
            value = OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
            raise ValueError(
                f"{group}.{name} must be a group with a _target_ or null, not {shown(value)}: {group}=none turns all "
                f"{group} off, {group}.{name}=null only this one"
            )
    return found


def select(values: Any, path: str, default: Any) -> Any:
    """The value of a full name (`model.generator.style_dim`) in plain values."""
    for name in path.split("."):
        if not isinstance(values, dict) or name not in values:
            return default
        values = values[name]
    return values
