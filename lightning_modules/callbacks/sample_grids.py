"""Sample pictures every N steps, from the same validation images each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger

from hairgan.pictures import save_picture
from lightning_modules.failures import skip_failures

FOLDER = "samples"


class SampleGrids(Callback):
    """Writes the module's `sample_grids` as PNG files in `samples/`, and sends them to loggers that accept images.

    Args:
        every_n_steps: steps between two grids; there is also one at the end.
        sources: number of validation images shown.
    """

    def __init__(self, every_n_steps: int, sources: int = 6) -> None:
        if every_n_steps < 1 or sources < 1:
            raise ValueError(
                f"sample grids need every_n_steps and sources of 1 or more, not {every_n_steps} and {sources}"
            )
        self.every_n_steps, self.sources = every_n_steps, sources

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step: int = pl_module.steps_done  # type: ignore[assignment]
        if not trainer.is_global_zero or (step % self.every_n_steps and step != trainer.num_training_batches):
            return
        with skip_failures(trainer, "sample_grids"):
            self._draw(trainer, pl_module, step)

    def _draw(self, trainer: pl.Trainer, pl_module: pl.LightningModule, step: int) -> None:
        batch = trainer.datamodule.sample_batch(self.sources, pl_module.device)  # type: ignore[attr-defined]
        batch = trainer.precision_plugin.convert_input(batch)
        with torch.no_grad(), trainer.precision_plugin.forward_context(), pl_module.in_evaluation_mode():  # type: ignore[operator]
            grids = pl_module.sample_grids(batch)  # type: ignore[operator]
        for name, grid in grids.items():
            path = Path(trainer.default_root_dir) / FOLDER / f"{name}_{step:08d}.png"
            save_picture(grid, path)
            for logger in trainer.loggers:
                if isinstance(logger, WandbLogger):
                    logger.log_image(f"samples/{name}", [str(path)], step=step)
                elif isinstance(logger, TensorBoardLogger):
                    logger.experiment.add_image(f"samples/{name}", grid, step, dataformats="HWC")
