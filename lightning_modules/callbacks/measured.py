"""Names of the values that a run measures, to refuse a monitor of any other name before the first step.

A module declares what its validation measures (`PhasedModule.measures`). A callback declares it with a method
`measures(module)`, which returns names, or None if they are not known yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import pytorch_lightning as pl

KNOWN_PACKAGES = ("lightning_modules.", "pytorch_lightning.")  # their callbacks declare all values that they measure
VALIDATION = "val/"


def measurable(trainer: pl.Trainer, module: Any) -> tuple[set[str], bool]:
    """The names that a run's parts declare, and whether all parts declare theirs."""
    declared = [module.measures()]
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if hasattr(callback, "measures"):
            declared.append(callback.measures(module))
        elif not type(callback).__module__.startswith(KNOWN_PACKAGES):
            declared.append(None)
    return {name for names in declared for name in names or ()}, None not in declared


def check_monitor(name: str, setting: str, trainer: pl.Trainer, module: Any, *, validated: bool = False) -> None:
    """Refuse a name that the run will not measure, if all names are known.

    Args:
        name: the monitored name.
        setting: the setting that holds it.
        trainer, module: the run's trainer and module.
        validated: whether a validation has been run, so that all names of validations are known.

    Raises:
        ValueError: naming the setting and the known names.
    """
    names, complete = measurable(trainer, module)
    if validated and name.startswith(VALIDATION):
        names |= set(module.measured)
        complete = complete or any(known.startswith(VALIDATION) for known in module.measured)
    if complete and name not in names:
        raise ValueError(not_measured(name, setting, names))


def not_measured(name: str, setting: str, names: Iterable[str]) -> str:
    """The message for a name that a run does not measure."""
    known = sorted(name for name in names if "/iou/" not in name and "/f1/" not in name)
    if not known:
        return f"{setting} is '{name}', but this run measures nothing: a metrics callback or a validation is needed"
    close = get_close_matches(name, known, n=1, cutoff=0.8)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"{setting} is '{name}', which this run does not measure{hint}; it measures {', '.join(known)}"
