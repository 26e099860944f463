"""Being asked to stop: the step is finished, a checkpoint saved, and the program ends as one that a signal ended."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

import torch
import torch.distributed as dist

from lightning_modules.launch import slurm

REQUEUE = signal.SIGUSR1  # sbatch --signal=USR1@120 sends it two minutes before the time is over
HANGUP = getattr(signal, "SIGHUP", None)  # the terminal is gone; Windows has none


class StoppedBySignal(SystemExit):
    """A run was asked to stop, and has saved. Ends the program with the code of its signal, 128 and its number."""

    def __init__(self, name: str) -> None:
        super().__init__(128 + signal.Signals[name])
        self.name = name

    def __str__(self) -> str:
        return f"stopped by {self.name}, after a checkpoint was saved"


class StopSignals:
    """Listens, while a run trains, for Ctrl-C, SIGTERM, SIGHUP, and for SIGUSR1 under SLURM.

    A signal that the program was started to ignore (`nohup`) stays ignored. Outside of the main thread, where Python
    can take no signals, nothing is listened for.

    Attributes:
        asked_by: name of the signal that asked to stop, or None.
    """

    def __init__(self) -> None:
        self.asked_by: str | None = None
        self._handlers: dict[int, Any] = {}

    def listen(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        numbers = [signal.SIGINT, signal.SIGTERM, *([REQUEUE] if slurm.job() else [])]
        if HANGUP is not None and signal.getsignal(HANGUP) != signal.SIG_IGN:
            numbers.append(HANGUP)
        for number in numbers:
            self._handlers[number] = signal.signal(number, self._ask)

    def share(self, device: torch.device) -> None:
        """Let all processes know what one of them was asked by. To be called by all of them."""
        number = torch.tensor(signal.Signals[self.asked_by] if self.asked_by else 0, device=device)
        dist.all_reduce(number, op=dist.ReduceOp.MAX)
        self.asked_by = signal.Signals(int(number)).name if int(number) else None

    def raise_for_code(self) -> None:
        """End the program with the signal's code, if there was one; a job that is queued again ends without an error.

        Raises:
            StoppedBySignal: the run was asked to stop.
        """
        if self.asked_by not in (None, REQUEUE.name):
            raise StoppedBySignal(self.asked_by)

    def restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.asked_by is not None:
            raise KeyboardInterrupt
        self.asked_by = signal.Signals(number).name
        _say(1, "\n")
        _say(2, f"{self.asked_by}: finishing this step and saving; Ctrl-C once more stops at once.\n")


def _say(stream: int, text: str) -> None:
    """Write to standard output or error; one whose terminal is gone leads nowhere then, so that no write fails."""
    try:
        os.write(stream, text.encode())
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream)
        os.close(nowhere)
