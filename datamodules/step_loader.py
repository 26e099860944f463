"""Batches in the order of the steps, read by this process or by workers of it."""

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

    The state is no state: which batch comes next follows from the step at which the run resumes.

    What a worker cannot hand over in shared memory, because a container gives it too little, comes through a pipe. What
    a user can get wrong (ValueError, OSError) is raised here as the worker raised it.

    Args:
        read: gives the batch of a step.
        start, stop: the first step, and the one after the last.
        num_workers: processes that read; 0 reads in this one.
        repeat: gives the batches of the first `repeat` steps again and again; None gives each step its own.
    """

    def __init__(
        self, read: Callable[[int], Batch], start: int, stop: int, num_workers: int, repeat: int | None = None
    ) -> None:
        num_workers = possible_workers(num_workers)
        self._told = False
        super().__init__(
            _Steps(read),
            batch_size=None,
            sampler=_StepSampler(start, stop, repeat),
            num_workers=num_workers,
            collate_fn=_to_hand_over,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=num_workers > 0,
            worker_init_fn=_explain_crashes,
            multiprocessing_context=_context() if num_workers > 0 else None,
        )

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        for item in super().__iter__():
            if isinstance(item, Exception):
                raise item
            yield {name: self._from_pipe(value) for name, value in item.items()}

    def _from_pipe(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        if not self._told:
            self._told = True
            free = shutil.disk_usage(SHARED_MEMORY).free / 1e6 if SHARED_MEMORY.is_dir() else 0
            warnings.warn(
                f"shared memory is too small for batches of workers ({SHARED_MEMORY} has {free:.0f} MB free), so they "
                "come through a pipe, which is slower: give the container more (docker run --shm-size=2g), or read in "
                "the training process (data.num_workers=0)",
                stacklevel=3,
            )
        return torch.from_numpy(value)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class _StepSampler(Sampler[int]):
    """The numbers of the steps still to come, or of those that stand for them where a few batches are repeated.

    Its length counts the steps already done: Lightning has counted them too.
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
        except (ValueError, OSError) as error:  # DataLoader would make a message of the whole trace
            if get_worker_info() is None:
                raise
            return error


def _to_hand_over(batch: Mapping[str, Any] | Exception) -> Any:
    """A worker's batch as it reaches the training process: tensors in shared memory, or arrays that are sent.

    Not left to the queue: where shared memory is full, it drops the batch, and the training process waits for ever.
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


def _context() -> BaseContext | None:
    """Where the platform does not fork, workers that do not run the script again; None is the platform's own."""
    return None if multiprocessing.get_start_method() == "fork" else worker_context()


def _explain_crashes(worker: int) -> None:
    faulthandler.enable()  # a worker that a signal kills (a data file cut short: SIGBUS) says where it was
