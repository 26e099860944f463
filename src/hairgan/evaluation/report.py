"""An evaluation as one self-contained HTML page."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from PIL import Image

from hairgan.evaluation.result import Evaluation, Picture, Table, number


def write_report(
    path: str | Path,
    evaluations: Mapping[str, Evaluation],
    facts: Mapping[str, Mapping[str, Any]],
    title: str,
    subtitle: str,
) -> Path:
    """Write the page of one evaluation, or of several side by side.

    Args:
        path: of the HTML file; it needs no other.
        evaluations: by the name of their run.
        facts: by the same names: what else a reader wants to know.

    Returns:
        the path.
    """
    parts = [
        {
            "name": name,
            "headline": [(value, number(evaluation.values[value], 3)) for value in evaluation.headline],
            "tables": [_table(table) for table in evaluation.tables],
            "pictures": [_picture(picture) for picture in evaluation.pictures],
            "facts": list({**facts[name], **evaluation.protocol}.items()),
        }
        for name, evaluation in evaluations.items()
    ]
    template = Environment(autoescape=True).from_string(
        (files("hairgan.evaluation") / "report.html.j2").read_text(encoding="utf-8")
    )
    side_by_side = _table(comparison(evaluations)) if len(evaluations) > 1 else None
    path = Path(path)
    page = template.render(title=title, subtitle=subtitle, parts=parts, side_by_side=side_by_side)
    path.write_text(page, encoding="utf-8")
    return path


def comparison(evaluations: Mapping[str, Evaluation]) -> Table:
    """The headline values of several runs, a run a row."""
    columns = list(dict.fromkeys(name for evaluation in evaluations.values() for name in evaluation.headline))
    rows = [(run, [evaluation.values.get(name) for name in columns]) for run, evaluation in evaluations.items()]
    return Table("Side by side", columns, rows)


def _table(table: Table) -> dict[str, Any]:
    numbers = [v for _, values in table.rows for v in values if v is not None and math.isfinite(v)]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    square = len(table.rows) > 2 and len(table.columns) > 2  # a matrix: shade it, so that its shape can be seen

    def shade(value: float | None) -> str:
        if not square or value is None or not math.isfinite(value) or high == low:
            return ""
        return f"rgba(109,63,192,{0.04 + 0.3 * (value - low) / (high - low):.3f})"

    rows = [(name, [(number(v, table.digits), shade(v)) for v in values]) for name, values in table.rows]
    return {"title": table.title, "note": table.note, "columns": table.columns, "rows": rows}


def _picture(picture: Picture) -> dict[str, Any]:
    buffer = io.BytesIO()
    image = Image.fromarray(picture.image)
    kind = "jpeg" if image.width * image.height > 500_000 else "png"
    image.save(buffer, kind, quality=88)
    data = base64.b64encode(buffer.getvalue()).decode()
    return {"title": picture.title, "note": picture.note, "kind": kind, "data": data}
