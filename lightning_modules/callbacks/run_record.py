"""Records a run in its directory when its training starts."""

from __future__ import annotations

import os
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig
from pytorch_lightning.callbacks import Callback

from lightning_modules.callbacks.checkpoints import Checkpoints
from lightning_modules.launch import record
from lightning_modules.launch.quoting import quote_override
from lightning_modules.launch.rewind import rewind_run
from lightning_modules.launch.run_directory import Run
from lightning_modules.loggers import CurvesLogger


class RunRecord(Callback):
    """Writes the records of the run directory after everything is loaded and checked.

    So a failed start changes nothing. This has to be the last callback, so that the others have run their checks in
    `on_train_start`. If the run is resumed from an older checkpoint, later checkpoints and samples are moved to a
    directory of their own (`rewind_run`).

    Args:
        run: the run directory, owned by this process.
        cfg: the config to record.
        entry: the facts that `record.make` collected.
    """

    def __init__(self, run: Run, cfg: DictConfig, entry: dict[str, Any]) -> None:
        self.run, self.cfg, self.entry = run, cfg, entry

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for logger in trainer.loggers:
            if isinstance(logger, CurvesLogger):
                logger.check_file()
        if trainer.is_global_zero:
            run = self.run
            if run.continues and (aside := rewind_run(run.path, run.checkpoint, run.start)) is not None:
                shown = os.path.relpath(aside)
                print(
                    f"  moved the checkpoints and samples after step {run.start} to {shown}; "
                    f"{quote_override('resume', shown)} continues from them"
                )
            record.write(run.path, self.cfg, self.entry)
        trainer.strategy.barrier("later files are set aside")
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Checkpoints):
                callback.forget_missing_best(trainer)
        for logger in trainer.loggers:
            if isinstance(logger, CurvesLogger):
                logger.resume_at(self.run.start)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if self.run.lock is not None:
            self.run.lock.check()
