"""A run as one trial of a sweep: it reports its metric and ends when the trial is pruned."""

from __future__ import annotations

from typing import Any, Protocol

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from lightning_modules.callbacks.measured import measurable, not_measured


class Trial(Protocol):
    """The part of `optuna.Trial` that is used here."""

    number: int
    params: dict[str, Any]

    def report(self, value: float, step: int) -> None: ...
    def should_prune(self) -> bool: ...


class TrialReport(Callback):
    """Reports a metric to a trial whenever it is measured, and ends the run when the trial is pruned.

    Args:
        trial: the trial.
        metric: logged name of the metric. A loss is possible too; its value is only read at the end.

    Attributes:
        value: the last measured value; None before the first.
        pruned: whether the trial was pruned.
    """

    def __init__(self, trial: Trial, metric: str) -> None:
        self.trial, self.metric = trial, metric
        self.value: float | None = None
        self.pruned = False
        self._known = False
        self._reported = -1  # step of the last report

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        module: Any = pl_module
        if not self._known:  # the names of losses are known after the first step
            measured, complete = measurable(trainer, module)
            names = {*measured, *module.checked_logs}
            if complete and self.metric not in names:
                raise ValueError(not_measured(self.metric, "sweep.metric", names))
            self._known = True
        self._report(trainer, module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        logs: dict[str, float] = pl_module.last_logs  # type: ignore[assignment]
        self.value = logs.get(self.metric, self.value)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._report(trainer, pl_module)

    def _report(self, trainer: pl.Trainer, module: Any) -> None:
        value, step = module.measured_now(self.metric), module.steps_done
        if value is None or step == self._reported:
            return
        self.value, self._reported = value, step
        self.trial.report(value, step)
        if self.trial.should_prune():
            self.pruned = trainer.should_stop = True
