"""A loader that reads one batch per step, in this process or in worker processes."""

from __future__ import annotations

import faulthandler
import multiprocessing
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_convert, get_worker_info

from hairgan.data.batches import Batch
from hairgan.data.processes import possible_workers, worker_context

SHARED_MEMORY = Path("/dev/shm")


class StepLoader(DataLoader[Batch]):
    """A loader whose items are whole batches, one per step.

    It has no state to save: the next batch follows from the step at which a run resumes.

    Workers send batches in shared memory, or through a pipe where a container has too little of it. An error that a
    user can cause (ValueError, OSError) is raised here as the worker raised it.

    Args:
        read: returns the batch of a step.
        start, stop: the first step, and the one after the last.
        num_workers: processes that read; 0 reads in this one.
        repeat: repeat the batches of the first `repeat` steps; None reads a new batch for each step.
    """

    def __init__(
        self, read: Callable[[int], Batch], start: int, stop: int, num_workers: int, repeat: int | None = None
    ) -> None:
        num_workers = possible_workers(num_workers)
        self._warned = False
        super().__init__(
            _Steps(read),
            batch_size=None,
            sampler=_StepSampler(start, stop, repeat),
            num_workers=num_workers,
            collate_fn=_to_send,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=num_workers > 0,
            worker_init_fn=_print_trace_on_crash,
            multiprocessing_context=_worker_context() if num_workers > 0 else None,
        )

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        for item in super().__iter__():
            if isinstance(item, Exception):
                raise item
            yield {name: self._from_pipe(value) for name, value in item.items()}

    def _from_pipe(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        if not self._warned:
            self._warned = True
            free = shutil.disk_usage(SHARED_MEMORY).free / 1e6 if SHARED_MEMORY.is_dir() else 0
            warnings.warn(
                f"shared memory is too small for the batches of workers ({SHARED_MEMORY} has {free:.0f} MB free), so "
                "they come through a pipe, which is slower: give the container more (docker run --shm-size=2g), or "
                "read in the training process (data.num_workers=0)",
                stacklevel=3,
            )
        return torch.from_numpy(value)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class _StepSampler(Sampler[int]):
    """The steps still to do; where a few batches are repeated, the steps of those batches.

    The length includes the steps already done, because Lightning counts them too.
    """

    def __init__(self, start: int, stop: int, repeat: int | None) -> None:
        self.start, self.stop, self.repeat = start, stop, repeat

    def __iter__(self) -> Iterator[int]:
        return (step % self.repeat if self.repeat else step for step in range(self.start, self.stop))

    def __len__(self) -> int:
        return self.stop


class _Steps(Dataset[Batch | Exception]):
    def __init__(self, read: Callable[[int], Batch]) -> None:
        self.read = read

    def __getitem__(self, step: int) -> Batch | Exception:
        try:
            return self.read(int(step))
        except (ValueError, OSError) as error:  # DataLoader would put the whole trace into the message
            if get_worker_info() is None:
                raise
            return error


def _to_send(batch: Mapping[str, Any] | Exception) -> Any:
    """A worker's batch in the form in which it is sent: tensors in shared memory, or arrays if that is full.

    PyTorch's own queue would drop a batch when shared memory is full, and the training process would wait forever.
    """
    if isinstance(batch, Exception):
        return batch
    tensors: dict[str, Any] = default_convert(batch)
    if get_worker_info() is None:
        return tensors
    return {name: _shared(value) if isinstance(value, Tensor) else value for name, value in tensors.items()}


def _shared(tensor: Tensor) -> Any:
    try:
        return tensor.share_memory_()
    except (RuntimeError, OSError):
        return tensor.numpy()


def _worker_context() -> BaseContext | None:
    """On a platform that does not fork, a context whose workers do not run the script again; elsewhere None."""
    return None if multiprocessing.get_start_method() == "fork" else worker_context()


def _print_trace_on_crash(worker: int) -> None:
    faulthandler.enable()  # shows where a worker was when a signal killed it (SIGBUS: a data file was truncated)
