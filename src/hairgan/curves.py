"""Read the logged values of a run from `metrics.csv`, and draw them as curves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy import ndarray

COLORS = ("#4c6ef5", "#f76707", "#2b8a3e", "#ae3ec9", "#e03131", "#1098ad", "#868e96")


def read_curves(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a `metrics.csv`: `step` as int, values as floats, empty cells left out.

    Raises:
        ValueError: the file holds something else; the message has its name.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            return [
                {name: int(value) if name == "step" else float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise ValueError(f"{path} is damaged ({error}); if you delete it, the curves start over") from error


def draw_curves(rows: list[dict[str, Any]]) -> UInt8[ndarray, "h w 3"] | None:
    """Draw logged rows as a sheet of line plots, one panel per phase; None if no value was logged at least twice."""
    panels: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "step" and not name.endswith("grad_norm"):
                prefix, _, term = name.rpartition("/")
                steps, values = panels.setdefault(prefix, {}).setdefault(term, ([], []))
                steps.append(row["step"])
                values.append(value)
    panels = {prefix: terms for prefix, terms in panels.items() if any(len(steps) > 1 for steps, _ in terms.values())}
    if not panels:
        return None
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(4.6 * columns, 3 * lines), dpi=110)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(lines, columns, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (prefix, terms) in zip(axes.flat, panels.items(), strict=False):
        axis.set_prop_cycle(color=COLORS)
        for term, (steps, values) in terms.items():
            axis.plot(steps, values, ".-" if len(steps) < 8 else "-", linewidth=1.2, label=term)
        axis.set_title(prefix, fontsize=10)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.25)
        if len(terms) <= 10:
            axis.legend(fontsize=7)
    figure.tight_layout()
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3].copy()
