"""The scores of label maps in an evaluation: how well regions overlap with the truth."""

from __future__ import annotations

from hairgan.evaluation.result import Evaluation, Table
from hairgan.metrics.registry import PARSING
from hairgan.metrics.segmentation import ParsingScores
from hairgan.regions import REGION_NAMES


def add_region_scores(result: Evaluation, scores: ParsingScores, split: str) -> None:
    """Add scores over all pixels of a split, and their tables, to an evaluation."""
    values = {name: float(value) for name, value in scores.compute().items()}
    result.values |= values
    result.headline += PARSING
    result.tables.append(Table("All pixels", list(PARSING), [(split, [values[name] for name in PARSING])]))
    rows = [(name, [values[f"iou/{name}"], values[f"f1/{name}"]]) for name in REGION_NAMES]
    result.tables.append(Table("Regions", ["IoU", "F1"], rows))
