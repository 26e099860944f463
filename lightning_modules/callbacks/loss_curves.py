"""The logged values as curves, drawn when a run ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from lightning_modules.loggers import CurvesLogger, read_curves


class LossCurves(Callback):
    """Draw `metrics.csv` into `curves.png` at the end of training: one panel a phase."""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        curves = next((logger for logger in trainer.loggers if isinstance(logger, CurvesLogger)), None)
        if curves is not None and trainer.is_global_zero:
            curves.save()
            draw_curves(read_curves(curves.path), Path(trainer.default_root_dir) / "curves.png")


def draw_curves(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw logged rows (`step` and named values) as a sheet of line plots, one panel a prefix."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "step" and not name.endswith("grad_norm"):
                prefix, _, term = name.rpartition("/")
                steps, values = panels.setdefault(prefix, {}).setdefault(term, ([], []))
                steps.append(row["step"])
                values.append(value)
    if not panels:
        return
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(4.6 * columns, 3 * lines), squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (prefix, terms) in zip(axes.flat, panels.items(), strict=False):
        for term, (steps, values) in terms.items():
            axis.plot(steps, values, ".-" if len(steps) < 8 else "-", linewidth=1.2, label=term)
        axis.set_title(prefix, fontsize=10)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.25)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
