"""Batches from workers: their order, full shared memory, and errors while reading."""

from __future__ import annotations

import multiprocessing
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from datamodules import step_loader
from datamodules.step_loader import StepLoader
from hairgan.data import processes


def read(step: int) -> dict[str, Any]:
    return {"step": step, "images": np.full((2, 3, 4, 4), step, np.uint8)}


def steps_of(loader: StepLoader) -> list[int]:
    batches = list(loader)
    assert all(torch.equal(b["images"], torch.full((2, 3, 4, 4), b["step"], dtype=torch.uint8)) for b in batches)
    return [batch["step"] for batch in batches]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_steps_in_order(num_workers: int) -> None:
    loader = StepLoader(read, 3, 9, num_workers)
    assert steps_of(loader) == list(range(3, 9)) and len(loader) == 9
    assert steps_of(StepLoader(read, 3, 9, num_workers, repeat=2)) == [1, 0, 1, 0, 1, 0]


def full(*_: Any) -> None:
    raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")


def test_full_shared_memory_warns_once_and_uses_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.UntypedStorage, "_share_fd_cpu_", full)
    with pytest.warns(UserWarning, match="shared memory is too small .*docker run --shm-size") as warned:
        assert steps_of(StepLoader(read, 0, 6, 2)) == list(range(6))
    assert len(warned) == 1


def test_a_system_without_semaphores_reads_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(multiprocessing.get_context(), "Lock", none)
    with pytest.warns(UserWarning, match="no worker processes: this system has no shared semaphores"):
        loader = StepLoader(read, 0, 3, 2)
    assert loader.num_workers == 0 and steps_of(loader) == [0, 1, 2]


def fail(error: Exception, step: int) -> None:
    raise error


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize("error", [ValueError("the photo x.jpg is damaged"), OSError(5, "Input/output error", "x")])
def test_an_error_in_a_worker_is_raised_unchanged(num_workers: int, error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        list(StepLoader(partial(fail, error), 0, 3, num_workers))
    assert str(raised.value) == str(error)


def test_workers_on_a_platform_without_fork_do_not_run_the_script_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert StepLoader(read, 0, 3, 1).multiprocessing_context is None
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda: "spawn")
    context = StepLoader(read, 0, 3, 1).multiprocessing_context
    assert isinstance(context, type(processes.worker_context()))
    assert StepLoader(read, 0, 3, 0).multiprocessing_context is None
    assert step_loader.SHARED_MEMORY.is_absolute()
