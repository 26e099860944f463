"""The learning rates of a run, in its logs."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback


class LearningRates(Callback):
    """Logs the learning rate of every optimizer as `lr/NETWORK`, with the losses.

    If an optimizer has parameter groups with different rates, they are `lr/NETWORK/0`, `lr/NETWORK/1`, ... Lightning's
    `LearningRateMonitor` reads scheduler objects, of which a run has none.
    """

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, *_: Any) -> None:
        if pl_module.steps_done % trainer.log_every_n_steps and pl_module.steps_done != 1:
            return
        rates: dict[str, float] = {}
        for name, optimizer in zip(pl_module.networks, trainer.optimizers, strict=True):
            of_groups = [float(group["lr"]) for group in optimizer.param_groups]
            if len(set(of_groups)) == 1:
                rates[f"lr/{name}"] = of_groups[0]
            else:
                rates |= {f"lr/{name}/{number}": rate for number, rate in enumerate(of_groups)}
        pl_module.log_to_loggers(rates)
