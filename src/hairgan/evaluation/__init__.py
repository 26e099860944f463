"""Measuring trained networks on a dataset.

Each family has a module (`stargan`, `sean`, `face_parser`, `hair_classifier`) with one function
`evaluate(networks, data, settings) -> Evaluation`; `families.evaluate_networks` chooses the module, and `report` turns
the result into a page. `hairgan.metrics` has the formulas; the modules here run networks over the data.
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
