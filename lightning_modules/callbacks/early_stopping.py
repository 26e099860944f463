"""The end of a run that gets no better."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping as LightningEarlyStopping

from lightning_modules.callbacks.measured import insist_on

SETTING = "callbacks.early_stopping.monitor"


class EarlyStopping(LightningEarlyStopping):
    """Lightning's, which looks at its metric whenever that was measured, in a validation or by a callback, only then.

    Where an evaluation failed nothing is counted. Arguments as in Lightning: `monitor`, `mode`, `patience` (a number of
    measurements without a better value), `min_delta` and others.
    """

    def __init__(self, monitor: str, **options: Any) -> None:
        super().__init__(monitor, **{"strict": False, "check_on_train_epoch_end": False} | options)
        self._looked = -1  # the step at which it last did

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        insist_on(self.monitor, SETTING, trainer, pl_module)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self._look(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._look(trainer, pl_module)
        insist_on(self.monitor, SETTING, trainer, pl_module, validated=True)

    def _look(self, trainer: pl.Trainer, module: Any) -> None:
        if module.measured_now(self.monitor) is not None and module.steps_done != self._looked:
            self._looked = module.steps_done
            self._run_early_stopping_check(trainer)
