"""Names of the values that a run logs, which a best checkpoint, early stopping or a sweep can monitor.

Nothing heavy is imported. The names of metrics come from `hairgan.metrics.registry`; those of losses are repeated here,
and the tests of training compare them with what a run logs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hairgan.hair_attributes import HEADS
from hairgan.metrics.registry import (
    ATTRIBUTES,
    PARSING,
    PARSING_OF_REGIONS,
    PROTOCOLS,
    SIMILARITY,
    WHILE_TRAINING,
    of_heads,
    value_names,
)

VALIDATION = {
    "stargan": (),
    "sean": (*SIMILARITY, PROTOCOLS["embedded"].lpips),
    "face_parser": (*PARSING, *PARSING_OF_REGIONS),
    "hair_layout": (*PARSING, *PARSING_OF_REGIONS),
    "hair_classifier": (*ATTRIBUTES, *of_heads(HEADS)),
}
"""What validation logs, as `val/NAME`."""

ADVERSARIAL = ("loss", "grad_norm", "real", "fake")
TRANSLATION = ("loss", "grad_norm", "adv", "sty", "ds", "cyc")
LOSSES = {
    "stargan": {
        "d_latent": (*ADVERSARIAL, "reg"), "d_reference": (*ADVERSARIAL, "reg"),
        "g_latent": TRANSLATION, "g_reference": TRANSLATION, "schedule": ("lambda_ds",),
    },
    "sean": {"g": ("loss", "grad_norm", "adversarial", "feature_matching", "perceptual"), "d": ADVERSARIAL},
    "face_parser": {"parse": ("loss", "grad_norm")},
    "hair_classifier": {"classify": ("loss", "grad_norm", *HEADS)},
    "hair_layout": {"layout": ("loss", "grad_norm", "cross_entropy", "jaccard")},
}  # fmt: skip
"""What each phase and schedule logs, as `PHASE/TERM`."""
FUSED = {"d_both": (*ADVERSARIAL, "reg"), "g_both": TRANSLATION, "schedule": ("lambda_ds",)}
"""The same for stargan with `phases=fused`."""

EVALUATE = "lightning_modules.callbacks.Evaluate"


def losses(family: str, model: Mapping[str, Any]) -> list[str]:
    """Names of the losses, gradient norms and schedules of a family, in a run with these settings of its module."""
    phases = FUSED if model.get("phases") == "fused" else LOSSES[family]
    return [f"{phase}/{term}" for phase, terms in phases.items() for term in terms]


def measured(family: str, callbacks: dict[str, Any], validates: bool) -> list[str]:
    """Names of what a run measures on validation images: of validation, where it validates, then of its callbacks."""
    found = [f"val/{name}" for name in VALIDATION[family]] if validates else []
    for callback in callbacks.values():
        found += _names_of_callback(family, callback)
    return list(dict.fromkeys(found))


def _names_of_callback(family: str, callback: dict[str, Any]) -> Iterator[str]:
    if callback["_target_"] == EVALUATE:
        metrics = callback.get("metrics") or WHILE_TRAINING.get(family, ())
        options = {name: callback[name] for name in ("protocol", "modes") if callback.get(name)}
        names = value_names(family, metrics, with_parser=bool(callback.get("parser")), **options)
        yield from (f"metrics/{name}" for name in names)
        yield seconds_name(callback.get("name") or "generative_metrics")


def seconds_name(name: str) -> str:
    """The name under which an `Evaluate` callback of some name logs how long it took."""
    known = {
        "generative_metrics": "metrics/seconds",
        "edit_metrics": "metrics/seconds_edits",
        "segmentation_metrics": "metrics/seconds_segmentation",
    }
    return known.get(name, f"metrics/seconds_{name}")
