"""What a trained model is worth: one function per model, one result, one report.

Each of `translation`, `painting`, `parsing` and `classification` has an `evaluate` that takes networks and a packed
dataset and returns an `Evaluation`; `report` makes a page of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.evaluation.families import evaluate_networks as evaluate
    from hairgan.evaluation.judges import Judges
    from hairgan.evaluation.protocols import Protocol
    from hairgan.evaluation.report import write_report
    from hairgan.evaluation.result import Evaluation
    from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Evaluation": "result:Evaluation",
            "EvaluationData": "settings:EvaluationData",
            "EvaluationSettings": "settings:EvaluationSettings",
            "Judges": "judges:Judges",
            "Protocol": "protocols:Protocol",
            "evaluate": "families:evaluate_networks",
            "write_report": "report:write_report",
        },
    )

__all__ = [
    "Evaluation",
    "EvaluationData",
    "EvaluationSettings",
    "Judges",
    "Protocol",
    "evaluate",
    "write_report",
]
