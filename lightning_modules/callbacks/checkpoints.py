"""Checkpoints that are whole or not there, on the module's own step counter."""

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
from lightning_modules.callbacks.measured import insist_on
from lightning_modules.launch import slurm
from lightning_modules.launch.quoting import quote_override
from lightning_modules.stop_signals import REQUEUE, StopSignals

SETTING = "callbacks.checkpoints.monitor"


class Checkpoints(Callback):
    """Save every N steps, at the end, and when the run is asked to stop (Ctrl-C, SIGTERM, SIGHUP; SIGUSR1 under SLURM,
    where the job is then queued again).

    To be the last of the callbacks, so that a checkpoint holds what the others did at its step.

    A checkpoint is written beside its place and renamed into it, so that a killed run never leaves half a file under
    a checkpoint's name. Weights that are not finite are never saved.

    Args:
        every_n_steps: steps between checkpoints.
        keep: how many of the newest are kept; the best one is kept besides.
        monitor: name of what a validation (`val/...`) or a callback (`metrics/...`) measures; the checkpoint where it
            was best is `best.ckpt`. None keeps no best.
        mode: whether `max` or `min` of it is best.

    Attributes:
        best, best_step: the best value so far, and the step at which it was measured; None before the first.
        stop_signals: tell whether the run was asked to stop.
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
        self._save_after_validation = False

    # when to save

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        stop = trainer.should_stop or self.stop_signals.asked_by is not None
        if trainer.world_size > 1:
            stop = trainer.strategy.reduce_boolean_decision(stop, all=False)
            if stop:  # all processes end as the one does that got the signal
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
            insist_on(self.monitor, SETTING, trainer, pl_module, validated=True)

    def _finish_step(self, trainer: pl.Trainer, module: Any, due: bool) -> None:
        value = module.measured_now(self.monitor) if self.monitor else None
        better = value is not None and self._is_better(value)
        if due or better:
            module.insist_on_finite_weights()
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
        for logger in trainer.loggers:  # a run that goes on from here logs nothing of this step again
            logger.save()
        save(trainer, _folder(trainer) / f"step_{step:08d}.ckpt")
        self._prune(trainer, step)

    @rank_zero_only
    def _prune(self, trainer: pl.Trainer, step: int) -> None:
        """Delete the oldest of our own: what has a later step is none of ours."""
        folder = _folder(trainer)
        ours = [path for path in by_step(folder) if path.name <= f"step_{step:08d}.ckpt"]
        for old in ours[self.keep :]:
            old.unlink(missing_ok=True)

    def forget_missing_best(self, trainer: pl.Trainer) -> None:
        """Start looking for the best one anew, where it is not there: not kept, or of a branch that is set aside."""
        if not trainer.strategy.broadcast((_folder(trainer) / BEST).exists()):
            self.best = self.best_step = None

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.best_step = state_dict["best"], state_dict.get("best_step")

    # start and end

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.monitor is not None:
            insist_on(self.monitor, SETTING, trainer, pl_module)
            if self.monitor.startswith("val/") and not trainer.enable_validation:
                warnings.warn(f"no best checkpoint will be kept: {self.monitor} needs a validation", stacklevel=2)
        # here, after Lightning has set its own: its handler of SIGTERM talks to the other processes in mid-step
        self.stop_signals.listen()
        # one that early stopping had ended when it was saved, and that was killed before it could end
        trainer.should_stop = any(c.wait_count >= max(c.patience, 1) for c in trainer.early_stopping_callbacks)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.stop_signals.restore()  # before Lightning restores what was there before its own handlers
        if self.stop_signals.asked_by == REQUEUE.name and trainer.is_global_zero:
            slurm.requeue()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self.stop_signals.restore()


def raise_if_stopped(callbacks: Iterable[Callback]) -> None:
    """End the program with a signal's code, where one asked the run to stop.

    Raises:
        StoppedBySignal: it did, and the run has saved.
    """
    for callback in callbacks:
        if isinstance(callback, Checkpoints):
            callback.stop_signals.raise_for_code()


def _folder(trainer: pl.Trainer) -> Path:
    return Path(trainer.default_root_dir) / FOLDER


def save(trainer: pl.Trainer, path: Path) -> None:
    """Save a checkpoint under a name that only whole files ever have. To be called by all processes.

    Raises:
        OSError: it could not be written, e.g. because the disk is full; nothing of it is left.
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
            f"the checkpoint {path} could not be written ({error.strerror}); those before it are whole: make room and "
            f"go on with {quote_override('resume', path.parents[1])}"
        ) from error
    trainer.strategy.barrier("checkpoint renamed")
