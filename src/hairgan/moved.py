"""Current names of the classes and functions that bundle cards and run configs of older versions name.

When a class or function gets another dotted name, a row is added to `MOVED`, so that old bundles, checkpoints and run
directories still load. Everything that reads a stored document calls `current_name` or `with_current_names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOVED: dict[str, str] = {
    # old dotted name -> new dotted name, of a class or function, or of a module for everything in it
    "hairgan.networks.bisenet": "hairgan.networks.face_parser",
    "hairgan.networks.cbam": "hairgan.networks.hair_classifier",
    "lightning_modules.callbacks.EditMetrics": "lightning_modules.callbacks.Evaluate",
    "lightning_modules.callbacks.GenerativeMetrics": "lightning_modules.callbacks.Evaluate",
    "lightning_modules.callbacks.SegmentationMetrics": "lightning_modules.callbacks.Evaluate",
    "lightning_modules.schedules": "hairgan.optimizers",
}

ARGUMENTS: dict[str, dict[str, Any]] = {
    # old dotted name -> arguments of the new class that the old one had built in
    "lightning_modules.callbacks.EditMetrics": {"name": "edit_metrics", "metrics": ["edits"]},
    "lightning_modules.callbacks.SegmentationMetrics": {"name": "segmentation_metrics", "metrics": ["segmentation"]},
}


def current_name(name: str) -> str:
    """The current name of a class or function: unchanged unless it, or a module that contains it, is in `MOVED`.

    Args:
        name: `module.Class`, or `module:Class` as in bundle cards; the result has the same form.
    """
    dotted = name.replace(":", ".")
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        moved = MOVED.get(".".join(parts[:length]))
        if moved is None:
            continue
        now = [*moved.split("."), *parts[length:]]
        of_class = len(name.partition(":")[2].split(".")) if ":" in name else 0
        return ":".join([".".join(now[:-of_class]), ".".join(now[-of_class:])]) if of_class else ".".join(now)
    return name


def with_current_names(config: Any) -> Any:
    """A copy of a stored config with current names for every `_target_`, and `path` of a `hydra.utils.get_...`.

    Args:
        config: plain mappings, lists and values.
    """
    if isinstance(config, Mapping):
        named = {key: with_current_names(value) for key, value in config.items()}
        target = named.get("_target_")
        if isinstance(target, str):
            given = {key: value for key, value in named.items() if value is not None}
            named |= {key: value for key, value in ARGUMENTS.get(target, {}).items() if key not in given}
            named["_target_"] = current_name(target)
            if target.startswith("hydra.utils.get_") and isinstance(named.get("path"), str):
                named["path"] = current_name(named["path"])
        return named
    if isinstance(config, list):
        return [with_current_names(item) for item in config]
    return config
