"""Failures of what only observes a training (evaluations, pictures, curves) do not end it."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytorch_lightning as pl

from lightning_modules.strategy import find_lost_processes

LOG = "failures.log"


@contextmanager
def skip_failures(trainer: pl.Trainer, what: str, *, in_all_processes: bool = False) -> Iterator[None]:
    """Report an error raised in this block and continue training without the block's result.

    The error is shown as a warning, logged as `failed/WHAT`, and appended with its traceback to `failures.log` in the
    run directory.

    Args:
        trainer: the run's trainer.
        what: name of the block's task, for example `validation`.
        in_all_processes: whether all processes run the block and wait for each other in it. An error in only some of
            them is then raised, because the others wait for them.
    """
    module = trainer.lightning_module
    step: int = module.steps_done  # type: ignore[assignment]
    try:
        yield
    except Exception as error:
        several = in_all_processes and trainer.world_size > 1
        if several and find_lost_processes(trainer.global_rank, trainer.world_size, f"failed {what} {step}"):
            raise
        if not trainer.is_global_zero:
            return
        trace = f"step {step}, {what}\n{traceback.format_exc()}\n"
        with suppress(OSError), (Path(trainer.default_root_dir) / LOG).open("a", encoding="utf-8") as file:
            file.write(trace)
        module.log_to_loggers({f"failed/{what}": 1.0})  # type: ignore[operator]
        message = " ".join(str(error).split())
        warnings.warn(
            f"step {step}: {what} failed and is skipped, training continues ({type(error).__name__}: {message}); "
            f"the traceback is in {LOG}",
            stacklevel=3,
        )
