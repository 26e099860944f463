"""Where logged values go: a CSV that survives resuming, Weights & Biases, TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger
from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

from hairgan.curves import read_curves


class CurvesLogger(Logger):
    """Writes `metrics.csv`: one row a step, one column a logged name, empty where a name was not logged at a step.

    Lightning's `CSVLogger` deletes the file of the run that it resumes; this one keeps the rows up to the step at which
    the run goes on and drops the later ones, which the resumed run writes again.
    """

    def __init__(self, save_dir: str | Path) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self._columns: list[str] = []  # of the file as it stands
        self._last: dict[str, Any] = {}  # the row of the current step, not yet written

    @property
    def name(self) -> str:
        return "curves"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run directory holds the config."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if self._last and self._last["step"] != step:
            self.save()
        self._last = {**self._last, "step": step, **metrics}

    @rank_zero_only
    def resume_at(self, step: int) -> None:
        """Keep what was logged up to and including a step; 0 starts afresh."""
        rows = [row for row in read_curves(self.path) if row["step"] <= step] if self.path.exists() else []
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        self._rewrite(rows)

    @rank_zero_only
    def save(self) -> None:
        if not self._last:
            return
        row, self._last = self._last, {}
        if not set(row) <= set(self._columns):
            rows = read_curves(self.path) if self.path.exists() else []
            self._columns += [name for name in row if name not in self._columns]
            self._rewrite([*rows, row])
            return
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns).writerow(row)

    def finalize(self, status: str) -> None:
        self.save()

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns or ["step"])
            writer.writeheader()
            writer.writerows(rows)
        partial.replace(self.path)


class QuietWandbLogger(WandbLogger):
    """Lightning's, without the setting that it always passes on and of which wandb warns that it does nothing; the run
    is finished when training ends.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._wandb_init.pop("anonymous", None)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        super().finalize(status)
        if self._experiment is not None:  # so that the next run of this process, of a sweep, is one of its own
            self._experiment.finish()
            self._experiment = None


class TensorBoard(TensorBoardLogger):
    """Lightning's, which says what to install where its package is missing."""

    def __init__(self, **options: Any) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise ValueError("logger=tensorboard needs the package tensorboard: pip install 'hairgan[tensorboard]'")
        super().__init__(**options)
