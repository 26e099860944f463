"""Complete checkpoints at the module's own steps."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import rank_zero_only

from hairgan.files import put_in_place
from hairgan.weights.runs import BEST, FOLDER, by_step
from lightning_modules.callbacks.measured import check_monitor
from lightning_modules.launch import slurm
from lightning_modules.launch.quoting import quote_override
from lightning_modules.stop_signals import REQUEUE, StopSignals, StopVote

SETTING = "callbacks.checkpoints.monitor"


class Checkpoints(Callback):
    """Saves every N steps, at the end, and when a signal asks the run to stop (Ctrl-C, SIGTERM, SIGHUP, and under SLURM
    SIGUSR1, after which the job is queued again).

    It has to be the last callback, so that a checkpoint contains what the others did at its step.

    A checkpoint is written to a temporary file and renamed, so that a killed run never leaves an incomplete checkpoint.
    Weights that are not finite are never saved.

    Args:
        every_n_steps: steps between checkpoints.
        keep: number of newest checkpoints that are kept, in addition to the best one.
        monitor: name of a value that the validation (`val/...`) or a callback (`metrics/...`) measures. The checkpoint
            with its best value is `best.ckpt`. None keeps no best checkpoint.
        mode: whether the largest value (`max`) or the smallest (`min`) is best.

    Attributes:
        best, best_step: the best value so far, and the step at which it was measured; None before the first.
        stop_signals: the signals that ask the run to stop.
    """

    def __init__(self, every_n_steps: int, keep: int = 2, monitor: str | None = None, mode: str = "max") -> None:
        if every_n_steps < 1 or keep < 1:
            raise ValueError(f"checkpoints need every_n_steps and keep of 1 or more, not {every_n_steps} and {keep}")
        if mode not in ("min", "max"):
            raise ValueError(f"the best checkpoint is by 'min' or 'max', not by '{mode}'")
        self.every_n_steps, self.keep, self.monitor, self.mode = every_n_steps, keep, monitor, mode
        self.best: float | None = None
        self.best_step: int | None = None
        self.stop_signals = StopSignals()
        self._stop_vote = StopVote()
        self._save_after_validation = False

    # when to save

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        stop = trainer.should_stop or self.stop_signals.received is not None
        if trainer.world_size > 1:
            trainer.should_stop = False  # until all processes stop at the same step
            stop = self._stop_vote.ask(stop, trainer.strategy.root_device)
            if stop:  # all processes end as the one that received the signal
                self.stop_signals.share(trainer.strategy.root_device)
        step: int = pl_module.steps_done  # type: ignore[assignment]
        due = stop or step % self.every_n_steps == 0 or step == trainer.num_training_batches
        # what a validation logs and changes belongs to its step: a resumed run does not validate again
        if trainer.enable_validation and step % (trainer.val_check_batch or math.inf) == 0:
            self._save_after_validation = due
        else:
            self._finish_step(trainer, pl_module, due)
            if stop:
                trainer.limit_val_batches = 0  # Lightning would validate before it stops
        if stop:
            trainer.should_stop = True

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.state.fn != "fit":
            return
        self._finish_step(trainer, pl_module, self._save_after_validation or trainer.should_stop)
        if self.monitor is not None:
            check_monitor(self.monitor, SETTING, trainer, pl_module, validated=True)

    def _finish_step(self, trainer: pl.Trainer, module: Any, due: bool) -> None:
        value = module.measured_now(self.monitor) if self.monitor else None
        better = value is not None and self._is_better(value)
        if due or better:
            module.check_weights_are_finite()
        if better:
            self.best, self.best_step = value, module.steps_done
            save(trainer, _folder(trainer) / BEST)
        if due:
            self._save(trainer, module.steps_done)

    def _is_better(self, value: float) -> bool:
        if math.isnan(value):
            return False
        return self.best is None or (value > self.best if self.mode == "max" else value < self.best)

    def _save(self, trainer: pl.Trainer, step: int) -> None:
        for logger in trainer.loggers:  # a run resumed from this checkpoint does not log this step again
            logger.save()
        save(trainer, _folder(trainer) / f"step_{step:08d}.ckpt")
        self._prune(trainer, step)

    @rank_zero_only
    def _prune(self, trainer: pl.Trainer, step: int) -> None:
        """Delete all but the newest checkpoints up to this step. A later step belongs to another branch of the run."""
        until_now = [path for path in by_step(_folder(trainer)) if path.name <= f"step_{step:08d}.ckpt"]
        for old in until_now[self.keep :]:
            old.unlink(missing_ok=True)

    def forget_missing_best(self, trainer: pl.Trainer) -> None:
        """Forget the best value if its checkpoint is missing: it was not kept, or is on a branch that was set aside."""
        if not trainer.strategy.broadcast((_folder(trainer) / BEST).exists()):
            self.best = self.best_step = None

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_step": self.best_step, "monitor": self.monitor, "mode": self.mode}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if (state_dict.get("monitor", self.monitor), state_dict.get("mode", self.mode)) == (self.monitor, self.mode):
            self.best, self.best_step = state_dict["best"], state_dict.get("best_step")

    # start and end

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.monitor is not None:
            check_monitor(self.monitor, SETTING, trainer, pl_module)
            if self.monitor.startswith("val/") and not trainer.enable_validation:
                warnings.warn(f"no best checkpoint will be kept: {self.monitor} needs a validation", stacklevel=2)
        # after Lightning has set its own: its SIGTERM handler communicates with other processes during a step
        self.stop_signals.listen()
        # early stopping had ended the run, but it was killed between its last checkpoint and its end
        trainer.should_stop = any(c.wait_count >= max(c.patience, 1) for c in trainer.early_stopping_callbacks)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.stop_signals.restore()  # before Lightning restores the handlers from before its own
        if self.stop_signals.received == REQUEUE.name and trainer.is_global_zero:
            slurm.requeue()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self.stop_signals.restore()


def raise_if_stopped(callbacks: Iterable[Callback]) -> None:
    """Exit with the signal's code if a signal asked the run to stop.

    Raises:
        StoppedBySignal: a signal did, and the run has saved.
    """
    for callback in callbacks:
        if isinstance(callback, Checkpoints):
            callback.stop_signals.raise_for_code()


def _folder(trainer: pl.Trainer) -> Path:
    return Path(trainer.default_root_dir) / FOLDER


def save(trainer: pl.Trainer, path: Path) -> None:
    """Save a checkpoint, and rename it when it is complete. All processes have to call it.

    Raises:
        OSError: the file could not be written, for example because the disk is full; it is deleted.
    """
    partial = path.with_suffix(".partial")
    try:
        trainer.save_checkpoint(partial)
        if trainer.is_global_zero:
            put_in_place(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OSError(
            f"the checkpoint {path} could not be written ({error.strerror}); earlier ones are complete. Free some "
            f"disk space, then continue with {quote_override('resume', path.parents[1])}"
        ) from error
    trainer.strategy.barrier("checkpoint renamed")
