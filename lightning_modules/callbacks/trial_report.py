"""A run as one trial of a sweep: it reports on itself, and stops when it is told that it is no good."""

from __future__ import annotations

from typing import Any, Protocol

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback


class Trial(Protocol):
    """What is needed of an `optuna.Trial`."""

    def report(self, value: float, step: int) -> None: ...
    def should_prune(self) -> bool: ...


class TrialReport(Callback):
    """Reports a metric to a trial whenever it was measured, and ends the run when the trial is to be pruned.

    Args:
        trial: the trial.
        metric: name of the metric, as it is logged.

    Attributes:
        pruned: whether the run was ended.
    """

    def __init__(self, trial: Trial, metric: str) -> None:
        self.trial, self.metric, self.pruned = trial, metric, False
        self._reported: Any = None

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self._report(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._report(trainer, pl_module)

    def _report(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        value = trainer.callback_metrics.get(self.metric)
        if value is None or value is self._reported:
            return
        self._reported = value
        self.trial.report(float(value), int(pl_module.steps_done))  # type: ignore[arg-type]
        if self.trial.should_prune():
            self.pruned = trainer.should_stop = True
