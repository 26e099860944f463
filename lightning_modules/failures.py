"""What only looks at a training never ends it."""

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
def training_goes_on(trainer: pl.Trainer, what: str, *, together: bool = False) -> Iterator[None]:
    """An error in here is told, logged and left behind: an evaluation or a picture is missing, and training goes on.

    It is a warning on the terminal, `failed/WHAT` in the loggers, and with its trace in `failures.log` of the run.

    Args:
        trainer: of the run.
        what: name of what is done in here.
        together: whether all processes do it, and wait for each other meanwhile. An error in some of them alone is
            then raised: the others cannot be told.
    """
    module = trainer.lightning_module
    step: int = module.steps_done  # type: ignore[assignment]
    try:
        yield
    except Exception as error:
        several = together and trainer.world_size > 1
        if several and find_lost_processes(trainer.global_rank, trainer.world_size, f"failed {what} {step}"):
            raise
        if not trainer.is_global_zero:
            return
        trace = f"step {step}, {what}\n{traceback.format_exc()}\n"
        with suppress(OSError), (Path(trainer.default_root_dir) / LOG).open("a", encoding="utf-8") as file:
            file.write(trace)
        module.log_to_loggers({f"failed/{what}": 1.0})  # type: ignore[operator]
        said = " ".join(str(error).split())
        warnings.warn(
            f"step {step}: {what} failed and is left out, training goes on ({type(error).__name__}: {said}); "
            f"the trace is in {LOG}",
            stacklevel=3,
        )
