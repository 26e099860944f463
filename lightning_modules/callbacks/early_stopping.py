"""Ends a run whose metric does not improve."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping as LightningEarlyStopping

from lightning_modules.callbacks.measured import check_monitor

SETTING = "callbacks.early_stopping.monitor"


class EarlyStopping(LightningEarlyStopping):
    """Lightning's early stopping, which runs whenever its metric is measured, by a validation or by a callback.

    A failed evaluation does not count. The arguments are those of Lightning: `monitor`, `mode`, `patience` (the number
    of measurements without a better value), `min_delta` and others.
    """

    def __init__(self, monitor: str, **options: Any) -> None:
        super().__init__(monitor, **{"strict": False, "check_on_train_epoch_end": False} | options)
        self._checked_at = -1  # step of the last check

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        check_monitor(self.monitor, SETTING, trainer, pl_module)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self._check(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._check(trainer, pl_module)
        check_monitor(self.monitor, SETTING, trainer, pl_module, validated=True)

    def _check(self, trainer: pl.Trainer, module: Any) -> None:
        if module.measured_now(self.monitor) is not None and module.steps_done != self._checked_at:
            self._checked_at = module.steps_done
            self._run_early_stopping_check(trainer)
