"""Signals that ask a run to stop: it finishes the step, saves a checkpoint, and exits with the signal's exit code."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

import torch
import torch.distributed as dist

from lightning_modules.host_copy import HostCopy
from lightning_modules.launch import slurm

REQUEUE = signal.SIGUSR1  # sbatch --signal=USR1@120 sends it two minutes before the time limit
HANGUP = getattr(signal, "SIGHUP", None)  # the terminal was closed; Windows does not have it


class StoppedBySignal(SystemExit):
    """A run was asked to stop and has saved. Exits with 128 plus the number of the signal."""

    def __init__(self, name: str) -> None:
        super().__init__(128 + signal.Signals[name])
        self.name = name

    def __str__(self) -> str:
        return f"stopped by {self.name}, after a checkpoint was saved"


class StopSignals:
    """Handles Ctrl-C, SIGTERM, SIGHUP, and under SLURM SIGUSR1, while a run trains.

    If the program was started with SIGHUP ignored (`nohup`), it stays ignored. Outside the main thread, Python handles
    no signals and `listen` does nothing.

    Attributes:
        received: name of the signal that asked the run to stop, or None.
    """

    def __init__(self) -> None:
        self.received: str | None = None
        self._handlers: dict[int, Any] = {}

    def listen(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        numbers = [signal.SIGINT, signal.SIGTERM, *([REQUEUE] if slurm.job() else [])]
        if HANGUP is not None and signal.getsignal(HANGUP) != signal.SIG_IGN:
            numbers.append(HANGUP)
        for number in numbers:
            self._handlers[number] = signal.signal(number, self._on_signal)

    def share(self, device: torch.device) -> None:
        """Tell all processes which signal one of them received. All processes have to call it."""
        number = torch.tensor(signal.Signals[self.received] if self.received else 0, device=device)
        dist.all_reduce(number, op=dist.ReduceOp.MAX)
        self.received = signal.Signals(int(number)).name if int(number) else None

    def raise_for_code(self) -> None:
        """Exit with the signal's code if there was a signal. A job that is queued again exits without an error.

        Raises:
            StoppedBySignal: a signal asked the run to stop.
        """
        if self.received not in (None, REQUEUE.name):
            raise StoppedBySignal(self.received)

    def restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number).name
        _write(1, "\n")
        _write(2, f"{self.received}: finishing this step and saving; press Ctrl-C again to stop at once.\n")


class StopVote:
    """Whether any process of a run wants to stop, without waiting for the device.

    The answers to one call are combined while the next step is computed, and known at the next call. So all processes
    stop at the same step, one step after the first of them wanted to.
    """

    def __init__(self) -> None:
        self._wish = False
        self._last: HostCopy | None = None

    def ask(self, wish: bool, device: torch.device) -> bool:
        """Whether any process wanted to stop at the call before. All processes have to call it.

        Args:
            wish: whether this process wants to stop; it cannot change its mind.
            device: of the process.
        """
        self._wish = self._wish or wish
        wishes = torch.full((), float(self._wish), device=device)
        dist.all_reduce(wishes, op=dist.ReduceOp.MAX)
        last, self._last = self._last, HostCopy(wishes)
        return last is not None and bool(last.read())


def _write(stream: int, text: str) -> None:
    """Write to standard output or error. If its terminal is gone, redirect the stream to the null device."""
    try:
        os.write(stream, text.encode())
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream)
        os.close(null)
