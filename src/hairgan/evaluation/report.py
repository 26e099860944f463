"""An evaluation as one self-contained HTML page."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment
from PIL import Image

from hairgan.evaluation.result import Evaluation, Picture, Table, number
from hairgan.files import write_text
from hairgan.metrics.definitions import define, readable

ARROWS = {"lower": "↓", "higher": "↑"}
COMPARABLE = ("protocol", "dataset", "image_size", "split", "images", "outputs", "max_sources", "seed")
"""Facts that runs must share for their numbers to compare."""


def write_report(
    path: str | Path, evaluations: Mapping[str, Evaluation], facts: Mapping[str, Mapping[str, Any]]
) -> Path:
    """Write the page of one evaluation, or of several side by side.

    Args:
        path: of the HTML file; it needs no other.
        evaluations: by the name of their run.
        facts: by the same names: date, weights, data and whatever else describes the run.

    Returns:
        the path.
    """
    parts = []
    for name, evaluation in evaluations.items():
        by_section = groupby(evaluation.pictures, key=lambda picture: picture.section)
        parts.append(
            {
                "name": name,
                "summary": _summary(facts[name]),
                "headline": [_card(value, evaluation.values[value]) for value in evaluation.headline],
                "tables": [_table(table) for table in evaluation.tables if not _is_matrix(table)],
                "matrices": [_table(table) for table in evaluation.tables if _is_matrix(table)],
                "sections": [(section, [_picture(picture) for picture in group]) for section, group in by_section],
                "facts": [(fact.replace("_", " "), _fact(value)) for fact, value in facts[name].items()],
            }
        )
    several = len(evaluations) > 1
    template = Environment(autoescape=True).from_string(
        (files("hairgan.evaluation") / "report.html.j2").read_text(encoding="utf-8")
    )
    page = template.render(
        title="Comparison of runs" if several else f"Evaluation of {parts[0]['name']}",
        parts=parts,
        comparison=_table(comparison(evaluations)) if several else None,
        differences=differences(facts) if several else [],
    )
    write_text(path, page)
    return Path(path)


def comparison(evaluations: Mapping[str, Evaluation]) -> Table:
    """The headline values of several runs: one row per value, one column per run."""
    names = list(dict.fromkeys(name for evaluation in evaluations.values() for name in evaluation.headline))
    rows = [(readable(name), [evaluation.values.get(name) for evaluation in evaluations.values()]) for name in names]
    return Table("Side by side", list(evaluations), rows)


def differences(facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The facts in which runs differ so that their numbers do not compare, one line per fact."""
    lines = []
    for fact in COMPARABLE:
        values = {name: facts[name].get(fact) for name in facts}
        if len({str(value) for value in values.values()}) > 1:
            lines.append(f"{fact.replace('_', ' ')}: " + ", ".join(f"{v} ({name})" for name, v in values.items()))
    return lines


def _summary(facts: Mapping[str, Any]) -> str:
    known = {
        "date": "{}", "step": "step {}", "weights": "weights {}", "images": "{} images", "split": "split {}",
        "outputs": "{} outputs per source", "protocol": "protocol {}", "meaning": "{}",
    }  # fmt: skip
    return " · ".join(text.format(facts[fact]) for fact, text in known.items() if facts.get(fact) is not None)


def _card(name: str, value: float) -> dict[str, str]:
    definition = define(name)
    return {
        "name": readable(name),
        "value": number(value, 3),
        "arrow": ARROWS[definition.better] if definition else "",
        "text": definition.text if definition else "",
    }


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "all" if value is None else str(value)


def _table(table: Table) -> dict[str, Any]:
    numbers = [v for _, values in table.rows for v in values if v is not None and math.isfinite(v)]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)

    def shade(value: float | None) -> str:
        if not _is_matrix(table) or value is None or not math.isfinite(value) or high == low:
            return ""
        return f"rgba(109,63,192,{0.04 + 0.3 * (value - low) / (high - low):.3f})"

    rows = [(name, _arrow(name), [(number(v, table.digits), shade(v)) for v in values]) for name, values in table.rows]
    title = f"{table.title} {_arrow(table.title)}"
    return {"title": title, "note": table.note, "columns": [(c, _arrow(c)) for c in table.columns], "rows": rows}


def _is_matrix(table: Table) -> bool:
    """Whether rows and columns have the same names; its cells are shaded by value."""
    return len(table.rows) > 2 and {name for name, _ in table.rows} >= set(table.columns)


def _arrow(name: str) -> str:
    definition = define(name.split(",")[0])
    return ARROWS[definition.better] if definition else ""


def _picture(picture: Picture) -> dict[str, Any]:
    buffer = io.BytesIO()
    image = Image.fromarray(picture.image)
    kind = "jpeg" if image.width * image.height > 500_000 else "png"
    image.save(buffer, kind, quality=88)
    data = base64.b64encode(buffer.getvalue()).decode()
    return {"title": picture.title, "note": picture.note, "kind": kind, "data": data, "width": image.width}
