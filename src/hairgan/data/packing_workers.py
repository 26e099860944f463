"""The work of packing: read chunks of items and write their rows in place, in this process or in several."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.items import Item, Skip, resize_image
from hairgan.data.manifest import IMAGES, LABELS
from hairgan.data.processes import possible_workers, process_pool
from hairgan.regions import NUM_REGIONS, resize_labels

CHUNK = 16  # items per task: an interruption loses at most this many per worker


@dataclass(frozen=True)
class Task:
    """How chunks of items are packed; each worker process holds one task."""

    item: Callable[[int], Item]
    folder: Path
    size: int
    labels: bool

    def __call__(self, chunk: list[int]) -> list[dict[str, Any]]:
        """Write the rows of some items, and return a line of the journal for each."""
        results = []
        with contextlib.ExitStack() as stack:
            images = stack.enter_context(_Rows(self.folder / IMAGES))
            maps = stack.enter_context(_Rows(self.folder / LABELS)) if self.labels else None
            for index in chunk:
                try:
                    item = self.item(index)
                except Skip as skip:
                    results.append({"index": index, "skipped": skip.entry})
                    continue
                assert item.image.shape[0] == item.image.shape[1], f"item {index}: image of shape {item.image.shape}"
                images[index] = resize_image(item.image, self.size)
                if maps is not None:
                    assert item.labels is not None, f"item {index} has no label map"
                    assert item.labels.max() < NUM_REGIONS, f"item {index}: a label of {item.labels.max()}"
                    maps[index] = resize_labels(item.labels, self.size)
                results.append({"index": index, "attributes": item.attributes})
        return results


class _Rows:
    """Rows of a `.npy` file, written in place with plain writes, so that memory does not grow with the file."""

    def __init__(self, path: Path) -> None:
        array = np.load(path, mmap_mode="r")
        self.start, self.shape = array.offset, array.shape[1:]
        self.file = path.open("r+b", buffering=0)

    def __enter__(self) -> _Rows:
        return self

    def __setitem__(self, index: int, row: UInt8[ndarray, "..."]) -> None:
        assert row.shape == self.shape and row.dtype == np.uint8, f"{row.shape} {row.dtype} into rows of {self.shape}"
        self.file.seek(self.start + index * row.size)
        try:
            written = self.file.write(np.ascontiguousarray(row).data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            written = 0
        if written != row.size:
            raise OSError(f"the disk of {self.file.name} is full: make room, then the same command continues")

    def __exit__(self, *_: object) -> None:
        try:
            os.fsync(self.file.fileno())  # before the journal records the rows
        finally:
            self.file.close()


_task: Task | None = None  # in a worker process


def _set_task(task: Task) -> None:
    global _task
    _task = task


def _run_chunk(chunk: list[int]) -> list[dict[str, Any]]:
    assert _task is not None
    return _task(chunk)


def run_task(task: Task, todo: list[int], workers: int, module: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the results of chunks of `todo` as they are done.

    Args:
        workers: number of processes; 0 and 1 work in this process.
        module: imported once for all workers, before they start.

    Raises:
        OSError: the disk is full, or a worker process died.
    """
    chunks = [todo[i : i + CHUNK] for i in range(0, len(todo), CHUNK)]
    if len(chunks) <= 1 or possible_workers(workers) <= 1:
        yield from map(task, chunks)
        return
    executor = process_pool(min(workers, len(chunks)), module, _set_task, (task,))
    try:
        futures: list[Future[list[dict[str, Any]]]] = [executor.submit(_run_chunk, chunk) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise OSError(
            "a worker process died, perhaps because memory ran out; the same command continues, try fewer workers"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)
