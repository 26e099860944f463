"""Checks of metrics that a training run measures, and of the values that it monitors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hairgan.metrics.registry import METRICS, WHILE_TRAINING
from lightning_modules.launch.settings import logged_values
from lightning_modules.launch.settings.callbacks import Evaluate
from lightning_modules.launch.settings.config_tree import enabled_components
from lightning_modules.launch.settings.families import family_of
from lightning_modules.launch.settings.metrics import check_metrics_of
from lightning_modules.launch.settings.targets import settings_of
from lightning_modules.launch.settings.wording import nearest, shown


def check_monitors(values: dict[str, Any]) -> None:
    """Refuse metrics that the model does not have, and monitored values that the run does not log.

    A run with a module, a callback or a metric of the user's own may log anything, so its monitors are not checked.

    Raises:
        ValueError: naming the setting and what the run logs.
    """
    family = family_of(values["model"])
    if family is None:
        return
    callbacks = enabled_components(values, "callbacks")
    for name, callback in callbacks.items():
        if settings_of(callback["_target_"]) is Evaluate:
            _check_metric_callback(name, callback, family)
    if any(settings_of(callback["_target_"]) is None or _has_own(callback, family) for callback in callbacks.values()):
        return
    measured = logged_values.measured(family, callbacks, validates=True)
    for name, callback in callbacks.items():
        _check_logged(f"callbacks.{name}.monitor", callback.get("monitor"), measured, family)
    losses = logged_values.losses(family, values["model"])
    _check_logged("optimized_metric", values.get("optimized_metric"), [*measured, *losses], family)
    if values.get("sweep"):
        validates = values["trainer"].get("limit_val_batches", 1.0) != 0
        measured = logged_values.measured(family, callbacks, validates)
        _check_logged("sweep.metric", values["sweep"].get("metric"), [*measured, *losses], family)


def _check_metric_callback(name: str, callback: dict[str, Any], family: str) -> None:
    check_metrics_of(family, callback, f"callbacks.{name}.")
    if family == "sean" and callback.get("max_sources") == 1:
        raise ValueError(
            f"callbacks.{name}.max_sources must be 2 or more for sean, not 1: an edit takes the style of another image"
        )
    families = WHILE_TRAINING
    if not callback.get("metrics") and family not in families:
        raise ValueError(f"callbacks.{name} is for {' and '.join(families)}, not for {family}")


def _has_own(callback: dict[str, Any], family: str) -> bool:
    """Whether a callback measures a metric of the user's own."""
    metrics = callback.get("metrics") if settings_of(callback["_target_"]) is Evaluate else None
    return not set(metrics or ()) <= set(METRICS[family])


def _check_logged(setting: str, value: str | None, logged: Sequence[str], family: str) -> None:
    if value is None or value in logged:
        return
    examples = ", ".join(logged[:8]) + (f" and {len(logged) - 8} more" if len(logged) > 8 else "")
    raise ValueError(
        f"{setting}: this run ({family}) does not measure {shown(value)}{nearest(str(value), logged)}; it measures "
        + (examples or "nothing")
    )
