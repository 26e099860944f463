"""Writing a packed dataset: in parallel, interruptible, continued where it stopped.

The work happens in `NAME.partial`, next to the dataset it will become:

    parameters.json             what is being packed; a run with other parameters does not touch it
    images.npy, labels.npy      a row for each item of the source, written by the worker processes in any order
    journal.jsonl               a line for each finished item, appended once its rows are on the disk

When every item is in the journal, rows of skipped items are squeezed out, the fingerprint is taken, the manifest is
written, and the folder gets its name. So a dataset under its final name is whole, and it is the same to the byte
however often the packing was interrupted and whatever the number of workers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import polars as pl
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image
from tqdm import tqdm

from hairgan.data import packed
from hairgan.data.packed import PackedDataset
from hairgan.data.processes import cores, process_pool

try:
    import fcntl
except ImportError:  # Windows: two simultaneous runs are not kept apart
    fcntl = None  # type: ignore[assignment]

Item = tuple[UInt8[ndarray, "h h 3"], UInt8[ndarray, "k k"] | None, dict[str, Any]]
"""Image (RGB), label map or None, attributes (`name` and `split` at least); image and labels may differ in size."""

JOURNAL = "journal.jsonl"
PARAMETERS = "parameters.json"
CHUNK = 16  # items a task: what an interruption costs at most, times the number of workers


class Skip(ValueError):
    """Raised by an item function for an item that cannot be used."""

    def __init__(self, name: str, reason: str, detail: str = "") -> None:
        """`name` of the item, `reason` in a few words the same for all of its kind, `detail` of this one."""
        super().__init__(f"{name}: {reason}" + f" ({detail})" * bool(detail))
        self.entry = {"name": name, "reason": reason, "detail": detail}


@dataclass(frozen=True)
class Packing:
    """What `pack` did: the dataset, the number of items this call read (not those of an earlier one), and its time."""

    dataset: PackedDataset
    processed: int
    seconds: float


def pack(
    item: Callable[[int], Item],
    count: int,
    out: str | Path,
    *,
    size: int,
    source: dict[str, Any],
    labels: bool = True,
    workers: int | None = None,
    progress: bool | None = None,
) -> Packing:
    """Pack the items `0 .. count-1` into the dataset `out`; continue, or return it, where that was done before.

    Images are resized with PIL's bicubic filter (antialiased, as SEAN's loader), label maps with PIL's nearest.

    Args:
        item: gives the i-th item, or raises `Skip`; must be picklable when `workers` > 1.
        size: edge of the packed images, px.
        source: what identifies the source, JSON-able (`kind`, and e.g. `path` or `seed`); goes into the manifest.
        labels: whether the items have label maps.
        workers: processes; 0 and 1 work in this one, None takes one a core.
        progress: show a bar; None shows it on a terminal only.

    Raises:
        ValueError: `out` or its unfinished forerunner holds something else, or every item was skipped.
        OSError: the disk is full, or a worker process died. What is done is kept: the same call continues.
        KeyboardInterrupt: passed on; the same call continues.
    """
    if count < 1 or size < 8:
        raise ValueError(f"need at least 1 item and at least 8 px, got {count} items and {size} px")
    out = Path(out).absolute()
    parameters = {"size": size, "count": count, "labels": labels, "source": json.loads(json.dumps(source))}
    partial = out.with_name(out.name + ".partial")
    workers = cores() if workers is None else workers
    started, processed = time.perf_counter(), 0
    while not out.exists():
        partial.mkdir(parents=True, exist_ok=True)
        with _locked_journal(partial / JOURNAL) as journal:
            if out.exists() or not (partial / JOURNAL).exists():
                continue  # another process finished it while this one waited for the lock
            if not (partial / packed.MANIFEST).exists():
                _begin(partial, parameters)
                finished = _read_journal(journal)
                todo = [i for i in range(count) if i not in finished]
                with tqdm(total=count, initial=len(finished), unit="image", disable=_disable(progress)) as bar:
                    for results in _work(_Task(item, partial, size, labels), todo, workers):
                        journal.write("".join(json.dumps(result) + "\n" for result in results))
                        journal.flush()
                        finished |= {result["index"]: result for result in results}
                        bar.update(len(results))
                _finish(partial, parameters, [finished[i] for i in range(count)])
                processed = len(todo)
        with contextlib.suppress(FileNotFoundError):  # the other process may be first
            partial.rename(out)
        for leftover in (JOURNAL, PARAMETERS):
            (out / leftover).unlink(missing_ok=True)
    dataset = PackedDataset.open(out)
    _check_same(out, dataset.manifest["parameters"], parameters, remedy="choose another folder or delete this one")
    return Packing(dataset, processed, time.perf_counter() - started)


def resize_image(image: UInt8[ndarray, "h w 3"], size: int) -> UInt8[ndarray, "s s 3"]:
    """Resize to `size` x `size` with PIL's bicubic filter, which is antialiased when it shrinks."""
    if image.shape[:2] == (size, size):
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))


def resize_labels(labels: UInt8[ndarray, "h w"], size: int) -> UInt8[ndarray, "s s"]:
    """Resize a label map to `size` x `size` with PIL's nearest neighbour (pixel centres)."""
    if labels.shape == (size, size):
        return labels
    return np.asarray(Image.fromarray(labels).resize((size, size), Image.Resampling.NEAREST))


@dataclass
class _Task:
    """The work on chunks of items; each worker process holds one."""

    item: Callable[[int], Item]
    partial: Path
    size: int
    labels: bool

    def __call__(self, chunk: list[int]) -> list[dict[str, Any]]:
        results = []
        with contextlib.ExitStack() as stack:
            images = stack.enter_context(_Rows(self.partial / packed.IMAGES))
            maps = stack.enter_context(_Rows(self.partial / packed.LABELS)) if self.labels else None
            for index in chunk:
                try:
                    image, labels, attributes = self.item(index)
                except Skip as skip:
                    results.append({"index": index, "skipped": skip.entry})
                    continue
                assert image.shape[0] == image.shape[1], f"item {index}: image of shape {image.shape}"
                images[index] = resize_image(image, self.size)
                if maps is not None:
                    assert labels is not None, f"item {index} has no label map"
                    maps[index] = resize_labels(labels, self.size)
                results.append({"index": index, "attributes": attributes})
        return results


class _Rows:
    """Rows of a `.npy` file, written in place: plain writes, so that no process's memory grows with the file."""

    def __init__(self, path: Path) -> None:
        array = np.load(path, mmap_mode="r")
        self.start, self.shape = array.offset, array.shape[1:]
        self.file = path.open("r+b", buffering=0)

    def __enter__(self) -> _Rows:
        return self

    def __setitem__(self, index: int, row: UInt8[ndarray, ...]) -> None:
        assert row.shape == self.shape and row.dtype == np.uint8, f"{row.shape} {row.dtype} into rows of {self.shape}"
        self.file.seek(self.start + index * row.size)
        written = self.file.write(np.ascontiguousarray(row).data)
        if written != row.size:
            raise OSError(f"wrote {written} of {row.size} bytes to {self.file.name}: is the disk full?")

    def __exit__(self, *_: object) -> None:
        os.fsync(self.file.fileno())  # before the journal says that the rows are there
        self.file.close()


_task: _Task | None = None  # in a worker process


def _set_task(task: _Task) -> None:
    global _task
    _task = task


def _run_chunk(chunk: list[int]) -> list[dict[str, Any]]:
    assert _task is not None
    return _task(chunk)


def _work(task: _Task, todo: list[int], workers: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the results of chunks of `todo` as they are done."""
    chunks = [todo[i : i + CHUNK] for i in range(0, len(todo), CHUNK)]
    if workers <= 1 or len(chunks) <= 1:
        yield from map(task, chunks)
        return
    executor = process_pool(min(workers, len(chunks)), task.item.__module__, _set_task, (task,))
    try:
        futures: list[Future[list[dict[str, Any]]]] = [executor.submit(_run_chunk, chunk) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise OSError(
            "a worker process died, perhaps for want of memory; the same command continues, try fewer workers"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _locked_journal(path: Path) -> Iterator[TextIO]:
    """Open the journal for one process at a time; others wait here (the lock goes with its process)."""
    with path.open("a+", encoding="utf-8") as journal:
        if fcntl is not None:
            fcntl.flock(journal, fcntl.LOCK_EX)
        yield journal


def _begin(partial: Path, parameters: dict[str, Any]) -> None:
    """Lay out a new partial folder, or make sure that the one there is about the same thing."""
    stored = partial / PARAMETERS
    if stored.exists():
        remedy = "finish that first, choose another folder, or delete it"
        _check_same(partial, json.loads(stored.read_text()), parameters, remedy)
        return
    count, size = parameters["count"], parameters["size"]
    shapes: dict[str, tuple[int, ...]] = {packed.IMAGES: (count, size, size, 3)}
    if parameters["labels"]:
        shapes[packed.LABELS] = (count, size, size)
    free = shutil.disk_usage(partial).free
    needed = sum(int(np.prod(shape)) for shape in shapes.values())
    if needed > free:
        raise OSError(
            f"{partial.parent} has {free / 1e9:.1f} GB free, {count} images of {size} px need {needed / 1e9:.1f} GB"
        )
    for name, shape in shapes.items():
        np.lib.format.open_memmap(partial / name, mode="w+", dtype=np.uint8, shape=shape)
    _write_json(stored, parameters)


def _check_same(path: Path, stored: dict[str, Any], wanted: dict[str, Any], remedy: str) -> None:
    differing = [key for key in wanted if stored[key] != wanted[key]]
    if differing:
        holds = ", ".join(f"{key} {stored[key]}" for key in differing)
        asked = ", ".join(f"{key} {wanted[key]}" for key in differing)
        raise ValueError(f"{path} was made with {holds}, asked for is {asked}: {remedy}")


def _read_journal(journal: TextIO) -> dict[int, dict[str, Any]]:
    """Results by index; a last line torn by a crash is cut off."""
    journal.seek(0)
    text = journal.read()
    whole = text[: text.rfind("\n") + 1]
    if len(whole) < len(text):
        journal.truncate(len(whole.encode()))
    return {result["index"]: result for result in map(json.loads, whole.splitlines())}


def _finish(partial: Path, parameters: dict[str, Any], results: list[dict[str, Any]]) -> None:
    """Squeeze out skipped items and write everything that makes the folder a dataset."""
    kept = [result["index"] for result in results if "attributes" in result]
    skipped = [result["skipped"] for result in results if "skipped" in result]
    reasons = Counter(entry["reason"] for entry in skipped)
    if not kept:
        shutil.rmtree(partial)
        why = ", ".join(f"{reason} ({n})" for reason, n in reasons.most_common())
        raise ValueError(f"all {len(results)} items were skipped, so there is nothing to pack: {why}")
    attributes = _table([result["attributes"] for result in results if "attributes" in result])
    attributes.write_parquet(partial / packed.ATTRIBUTES)
    _write_json(partial / packed.SKIPPED, skipped)

    digest = hashlib.blake2b(f"{packed.FORMAT} {packed.VERSION} {parameters['size']}".encode(), digest_size=16)
    arrays = [packed.IMAGES] + ([packed.LABELS] if parameters["labels"] else [])
    for name in arrays:
        _squeeze(partial / name, kept)
        with (partial / name).open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
    digest.update(attributes.write_ndjson().encode())

    per_split = Counter(attributes["split"])
    files = [*arrays, packed.ATTRIBUTES, packed.SKIPPED]
    manifest = {
        "format": packed.FORMAT,
        "version": packed.VERSION,
        "size": parameters["size"],
        "count": len(kept),
        "splits": {split: per_split[split] for split in packed.SPLITS},
        "fingerprint": digest.hexdigest(),
        "skipped": dict(reasons),
        "files": {name: (partial / name).stat().st_size for name in files},
        "parameters": parameters,
    }
    _write_json(partial / packed.MANIFEST, manifest)


def _table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = list(dict.fromkeys(key for row in rows for key in row))
    schema = {name: packed.COLUMNS.get(name) for name in names}
    table = pl.from_dicts(rows, schema=schema, infer_schema_length=None)
    assert set(table["split"]) <= set(packed.SPLITS), f"splits {set(table['split'])}"
    if table["name"].n_unique() < table.height:
        raise ValueError(f"{table.height} items have only {table['name'].n_unique()} different names")
    return table


def _squeeze(path: Path, kept: list[int]) -> None:
    """Keep only the given rows; by way of a new file, so that an interruption here harms nothing."""
    old = np.load(path, mmap_mode="r")
    if len(old) == len(kept):  # nothing skipped, or done before an interruption
        return
    fresh = path.with_suffix(".squeezed")
    with fresh.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(old.dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(file, header | {"shape": (len(kept), *old.shape[1:])})
        for index in kept:
            file.write(old[index].data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _write_json(path: Path, content: Any) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _disable(progress: bool | None) -> bool | None:
    return None if progress is None else not progress  # tqdm: None disables the bar where there is no terminal
