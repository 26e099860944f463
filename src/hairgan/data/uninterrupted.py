"""Importing this module makes a process ignore Ctrl-C, and its children end without a word if their parent has ended.

The server that forks worker processes imports it first (`hairgan.data.processes`). Python makes that server ignore
Ctrl-C only when it has imported the module with the work. That may take seconds, and would end with a traceback. A
worker that is forked after Ctrl-C has ended the program finds no semaphores any more, which would be another one.
"""

import multiprocessing.synchronize
import signal
import sys
import traceback
from types import TracebackType


def _unless_parent_has_ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an exception, unless it says that a semaphore of the parent is gone."""
    frames = traceback.extract_tb(trace)
    if isinstance(error, FileNotFoundError) and frames and frames[-1].filename == multiprocessing.synchronize.__file__:
        return
    sys.__excepthook__(kind, error, trace)


signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked since the start
sys.excepthook = _unless_parent_has_ended
