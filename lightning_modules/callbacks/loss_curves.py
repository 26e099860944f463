"""Draws the logged values as curves when a run ends."""

from __future__ import annotations

from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from hairgan.curves import draw_curves, read_curves
from hairgan.pictures import save_picture
from lightning_modules.failures import skip_failures
from lightning_modules.loggers import CurvesLogger


class LossCurves(Callback):
    """Draws `metrics.csv` as `curves.png` at the end of training, with one panel per phase."""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        logger = next((logger for logger in trainer.loggers if isinstance(logger, CurvesLogger)), None)
        if logger is None or not trainer.is_global_zero:
            return
        with skip_failures(trainer, "loss_curves"):
            logger.save()
            picture = draw_curves(read_curves(logger.path))
            if picture is not None:
                save_picture(picture, Path(trainer.default_root_dir) / "curves.png")
