"""A warning when a discriminator has won."""

from __future__ import annotations

import warnings
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

TERMS = ("real", "fake")


class CollapseWarning(Callback):
    """Warns once when, for many steps in a row, a discriminator tells real from fake with next to no loss.

    The generator then learns from a discriminator that has nothing to say; it seldom recovers.

    Args:
        patience: steps in a row before the warning.
        threshold: what the losses on real and on fake images must both stay below.
    """

    def __init__(self, patience: int = 500, threshold: float = 0.02) -> None:
        self.patience, self.threshold = patience, threshold
        self._since: dict[str, int] = {}  # by phase, the step at which it began
        self._warned = False

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        logs: dict[str, float] = pl_module.last_logs  # type: ignore[assignment]
        step: int = pl_module.steps_done  # type: ignore[assignment]
        for phase in {name.split("/")[0] for name in logs if name.endswith("/real")}:
            if any(logs[f"{phase}/{term}"] >= self.threshold for term in TERMS):
                self._since.pop(phase, None)
                continue
            began = self._since.setdefault(phase, step)
            if step - began + 1 >= self.patience and not self._warned:
                self._warned = True
                warnings.warn(
                    f"since step {began} the discriminator tells real from fake almost without loss (phase {phase}): "
                    "the generator has little to learn from. A lower learning rate of the discriminator or a higher "
                    "weight of R1 (model.lambda_reg) are the usual remedies",
                    stacklevel=2,
                )
