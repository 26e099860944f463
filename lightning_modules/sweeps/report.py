"""The report of a study: a table of its trials, and a picture of them over parallel coordinates.

Optuna's own picture (`optuna.visualization.matplotlib.plot_parallel_coordinate`) shows complete trials only. Here,
pruned trials are dashed lines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from jaxtyping import UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy import ndarray
from optuna.trial import FrozenTrial, TrialState

from hairgan.files import write_text
from hairgan.pictures import save_picture
from hairgan.text_tables import aligned_table, markdown_table
from lightning_modules.sweeps.trial import FINISHED, OUTCOME

COLORS = colormaps["viridis_r"]  # the best trial is dark


def write_report(study: optuna.Study, metric: str, folder: Path) -> None:
    """Write and print the table of finished trials, best first, and draw them.

    Args:
        study: the study; without a finished trial nothing is written.
        metric: name of the metric.
        folder: gets `trials.md` and `parallel_coordinates.png`.
    """
    finished = study.get_trials(states=FINISHED)
    if not finished:
        return
    measured = [trial for trial in finished if trial.value is not None and math.isfinite(trial.value)]
    maximize = study.direction == optuna.study.StudyDirection.MAXIMIZE
    measured.sort(key=lambda trial: trial.value, reverse=maximize)
    failed = [trial for trial in finished if trial not in measured]
    settings = list(max((trial.params for trial in finished), key=len))
    header = ["trial", "state", "value", "steps", *settings]
    rows = [_row(trial, settings, has_value=True) for trial in measured]
    rows += [_row(trial, settings, has_value=False) for trial in failed]
    write_text(folder / "trials.md", markdown_table(header, rows) + "\n")
    print(aligned_table(header, rows))
    print(f"  table    {folder / 'trials.md'}")
    if measured:
        logarithmic = {name for name in settings if getattr(measured[0].distributions[name], "log", False)}
        lines_of_trials = [
            Line(trial.number, {**trial.params, metric: trial.value}, trial.state == TrialState.COMPLETE)
            for trial in measured
        ]
        picture = draw_parallel_coordinates(lines_of_trials, [*settings, metric], logarithmic)
        print(f"  picture  {save_picture(picture, folder / 'parallel_coordinates.png')}")


def _row(trial: FrozenTrial, settings: Sequence[str], *, has_value: bool) -> list[str]:
    state = trial.user_attrs.get(OUTCOME, trial.state.name.lower())
    values = [trial.params[name] for name in settings]
    return [
        f"{trial.number}",
        state,
        f"{trial.value:.4g}" if has_value else "-",
        f"{max(trial.intermediate_values, default=0)}",
        *(f"{value:.3g}" if isinstance(value, float) else str(value) for value in values),
    ]


@dataclass(frozen=True)
class Line:
    """A trial to draw.

    Attributes:
        number: the trial's number.
        values: its settings by name, and its result under the metric's name.
        complete: False for a trial that was stopped early, which is drawn dashed.
    """

    number: int
    values: Mapping[str, Any]
    complete: bool


def draw_parallel_coordinates(
    lines: Sequence[Line], names: Sequence[str], logarithmic: set[str]
) -> UInt8[ndarray, "h w 3"]:
    """Draw trials as lines over one axis per name.

    Args:
        lines: the trials, best first.
        names: of the axes, from left to right.
        logarithmic: names of the axes with a logarithmic scale.
    """
    figure = Figure(figsize=(2.1 * len(names) + 1, 4.2), dpi=110)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    heights = np.empty((len(lines), len(names)))
    for column, name in enumerate(names):
        heights[:, column] = _draw_axis(axes, column, name, [line.values[name] for line in lines], name in logarithmic)
    for rank in reversed(range(len(lines))):  # the best on top
        line, color = lines[rank], COLORS(1 - rank / max(len(lines) - 1, 1))
        axes.plot(
            heights[rank], color=color, linewidth=2 if rank == 0 else 1.3, linestyle="-" if line.complete else "--"
        )
        axes.annotate(
            f"{line.number}", (len(names) - 1, heights[rank, -1]), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=8, color=color,
        )  # fmt: skip
    axes.set_xticks(range(len(names)), [_with_line_breaks(name) for name in names], fontsize=8)
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
    """Draw one axis with its ticks, and return the height in [0, 1] of each value on it."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        scale = np.log10 if logarithmic else np.asarray
        low, high = float(scale(min(values))), float(scale(max(values)))
        heights = [(float(scale(value)) - low) / (high - low) if high > low else 0.5 for value in values]
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


def _with_line_breaks(name: str) -> str:
    """A long name with line breaks after its dots and slashes."""
    return name.replace("/", "/\n").replace(".", ".\n")
