"""A warning about a discriminator with almost no loss."""

from __future__ import annotations

import warnings
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

TERMS = ("real", "fake")


class CollapseWarning(Callback):
    """Warns once if a discriminator tells real from fake images almost without loss for many steps in a row.

    The gradients of such a discriminator teach the generator little, and it seldom recovers.

    Args:
        patience: number of consecutive steps before the warning.
        threshold: upper bound of the losses on real and on fake images in these steps.
    """

    def __init__(self, patience: int = 500, threshold: float = 0.02) -> None:
        self.patience, self.threshold = patience, threshold
        self._since: dict[str, int] = {}  # phase -> the first of these steps
        self._warned = False

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        logs: dict[str, float] = pl_module.checked_logs  # type: ignore[assignment]
        step: int = pl_module.checked_step  # type: ignore[assignment]
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
