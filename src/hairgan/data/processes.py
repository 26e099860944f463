"""Worker processes that do not import the main script, and that end with the process that started them."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

import cv2

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_standard = multiprocessing.get_context(METHOD)

UNINTERRUPTED = "hairgan.data.uninterrupted"
"""The module with which the server that forks workers begins to ignore Ctrl-C."""

PR_SET_PDEATHSIG = 1  # of Linux's prctl


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def possible_workers(wanted: int) -> int:
    """The wanted number of worker processes, or 0, with a warning, if the system does not support them."""
    if wanted > 0:
        try:
            multiprocessing.get_context().Lock()
        except (OSError, ImportError) as error:
            warnings.warn(
                f"no worker processes: this system has no shared semaphores ({error}; on Linux they are files in "
                "/dev/shm), so everything is done in one process",
                stacklevel=2,
            )
            return 0
    return wanted


def process_pool(
    workers: int, module: str, initializer: Callable[..., None] | None = None, initargs: tuple[Any, ...] = ()
) -> ProcessPoolExecutor:
    """A process pool whose workers ignore Ctrl-C and end with the parent.

    Nothing is forked from this process, which may have threads, locks or a CUDA context. `module`, which does the work,
    is imported once for all workers if the platform supports that. The main script is not run again in the workers,
    unless the work is defined in it.
    """
    context = _standard if module == "__main__" else worker_context()
    if METHOD == "forkserver":
        context.set_forkserver_preload([UNINTERRUPTED, *([module] if module != "__main__" else [])])
        _start_server()
    return ProcessPoolExecutor(workers, context, _start, (initializer, initargs))


def _start_server() -> None:
    """Start the server that forks workers, with Ctrl-C blocked until it ignores it."""
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # which would end the blocking
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def worker_context() -> BaseContext:
    """A multiprocessing context, without fork, whose processes do not import this process's `__main__`.

    By default, Python imports it there, for functions that are defined in it. A script without
    `if __name__ == "__main__":` would then do all its work again in every worker, and a worker would wait for the lock
    that its parent holds.
    """
    return _WorkerContext()


def refuse_in_worker() -> None:
    """Stop a script that a worker process imports, because it would start its work again there.

    Raises:
        RuntimeError: this process is a worker that imports such a script.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(
            f"the script {sys.argv[0]} was imported by a worker process, which would start its work again: put "
            'what the script does under `if __name__ == "__main__":`'
        )


class _WorkerProcess(_standard.Process):
    @staticmethod
    def _Popen(process: BaseProcess) -> Any:
        with _hide_main():
            return _standard.Process._Popen(process)  # type: ignore[attr-defined]


class _WorkerContext(type(_standard)):  # type: ignore[misc]
    Process = _WorkerProcess


@contextlib.contextmanager
def _hide_main() -> Iterator[None]:
    """Hide the file of `__main__` from multiprocessing, as if this were an interactive session."""
    main = sys.modules["__main__"]
    names = [name for name in ("__spec__", "__file__") if hasattr(main, name)]
    values = [getattr(main, name) for name in names]
    try:
        for name in names:
            setattr(main, name, None)
        yield
    finally:
        for name, value in zip(names, values, strict=True):
            setattr(main, name, value)


def _start(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)  # there is already one process per core
    end_with_parent()
    if initializer is not None:
        initializer(*initargs)


def end_with_parent() -> None:
    """End this worker process as soon as the process that started it has ended, for any reason.

    A killed parent cannot stop its workers, and idle ones would stay forever. So a thread waits for the parent's end.
    On Linux the kernel also kills the worker, because native code can keep that thread from running.
    """
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    if sys.platform == "linux":
        # the signal comes with the end of the fork server, which lives as long as a process has this descriptor open
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        from multiprocessing import forkserver

        server: Any = forkserver._forkserver
        if (descriptor := server._forkserver_alive_fd) is not None:
            server._forkserver_alive_fd = server._forkserver_address = None
            os.close(descriptor)


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
