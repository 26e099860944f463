"""Names of what a run measures, so that a monitor which it never measures is refused before the first step.

A validation's metrics are declared by the module (`PhasedModule.measures`), those of a callback by the callback: a
method `measures(module)` that returns names, or None while it cannot say.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import pytorch_lightning as pl

OURS = ("lightning_modules.", "pytorch_lightning.")  # their callbacks measure what they declare, and nothing else
VALIDATION = "val/"


def measurable(trainer: pl.Trainer, module: Any) -> tuple[set[str], bool]:
    """What a run will measure by all that is declared, and whether that is all of it."""
    declared = [module.measures()]
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if hasattr(callback, "measures"):
            declared.append(callback.measures(module))
        elif not type(callback).__module__.startswith(OURS):
            declared.append(None)
    return {name for names in declared for name in names or ()}, None not in declared


def insist_on(name: str, setting: str, trainer: pl.Trainer, module: Any, *, validated: bool = False) -> None:
    """Refuse a name that the run will not measure, as far as that can be known.

    Args:
        name: what is looked at.
        setting: where the user wrote it.
        trainer, module: of the run.
        validated: whether there has been a validation, so that all names of validations are known.

    Raises:
        ValueError: naming the setting and what there is.
    """
    names, complete = measurable(trainer, module)
    if validated and name.startswith(VALIDATION):
        names |= set(module.measured)
        complete = complete or any(known.startswith(VALIDATION) for known in module.measured)
    if complete and name not in names:
        raise ValueError(not_measured(name, setting, names))


def not_measured(name: str, setting: str, names: Iterable[str]) -> str:
    """The sentence for a name that a run does not measure."""
    known = sorted(name for name in names if "/iou/" not in name and "/f1/" not in name)
    if not known:
        return f"{setting} is '{name}', but this run measures nothing: a metrics callback or a validation is needed"
    close = get_close_matches(name, known, n=1, cutoff=0.8)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"{setting} is '{name}', which this run does not measure{hint}; it measures {', '.join(known)}"
