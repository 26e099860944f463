"""The trials of a sweep as lines over parallel axes: one axis a setting, the metric last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy import ndarray

COLORS = colormaps["viridis_r"]  # the best trial is dark


@dataclass(frozen=True)
class Line:
    """A trial to draw.

    Attributes:
        number: its number.
        values: its settings by name, and under the metric's name its result.
        whole: False for one that was stopped early; drawn dashed.
    """

    number: int
    values: Mapping[str, Any]
    whole: bool


def draw_parallel_coordinates(
    lines: Sequence[Line], names: Sequence[str], logarithmic: set[str]
) -> UInt8[ndarray, "h w 3"]:
    """Draw trials, from the best to the worst, over the axes `names`, of which some are logarithmic."""
    figure = Figure(figsize=(2.1 * len(names) + 1, 4.2), dpi=110)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    heights = np.empty((len(lines), len(names)))
    for column, name in enumerate(names):
        heights[:, column] = _draw_axis(axes, column, name, [line.values[name] for line in lines], name in logarithmic)
    for rank in reversed(range(len(lines))):  # the best on top
        line, color = lines[rank], COLORS(1 - rank / max(len(lines) - 1, 1))
        axes.plot(heights[rank], color=color, linewidth=2 if rank == 0 else 1.3, linestyle="-" if line.whole else "--")
        axes.annotate(
            f"{line.number}", (len(names) - 1, heights[rank, -1]), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=8, color=color,
        )  # fmt: skip
    axes.set_xticks(range(len(names)), [_on_lines(name) for name in names], fontsize=8)
    axes.set_xlim(-0.35, len(names) - 0.75)
    axes.set_yticks([])
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=14)
    axes.set_title("dark: best; dashed: stopped early; numbers: trials", fontsize=8, loc="right", color="0.4")
    figure.tight_layout()
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3].copy()


def _draw_axis(axes: Axes, column: int, name: str, values: list[Any], logarithmic: bool) -> list[float]:
    """Draw one axis with its ticks; the height in [0, 1] of each value on it."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        place = np.log10 if logarithmic else np.asarray
        low, high = float(place(min(values))), float(place(max(values)))
        heights = [(float(place(value)) - low) / (high - low) if high > low else 0.5 for value in values]
        positions = np.linspace(low, high, 5) if high > low else np.array([low])
        ticks = [f"{10**position if logarithmic else position:.3g}" for position in positions]
        tick_heights = np.linspace(0, 1, 5) if high > low else np.array([0.5])
    else:
        ticks = sorted({str(value) for value in values})
        tick_heights = np.linspace(0, 1, len(ticks)) if len(ticks) > 1 else np.array([0.5])
        heights = [float(tick_heights[ticks.index(str(value))]) for value in values]
    axes.plot([column, column], [0, 1], color="0.75", linewidth=1, zorder=0)
    for text, height in zip(ticks, tick_heights, strict=True):
        axes.plot([column - 0.02, column], [height, height], color="0.75", linewidth=1, zorder=0)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5}
        axes.text(column - 0.04, height, text, ha="right", va="center", fontsize=7, color="0.35", bbox=box, zorder=3)
    return heights


def _on_lines(name: str) -> str:
    """A long name, broken at its dots and slashes."""
    return name.replace("/", "/\n").replace(".", ".\n")
