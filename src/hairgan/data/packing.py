"""Write a packed dataset: in parallel, with continuation after an interruption, and again if the source has changed.

The dataset is written in `NAME.partial` (`hairgan.data.unfinished_dataset`), in the same folder. A dataset under its
final name is complete, and its bytes depend neither on interruptions nor on the number of workers. If the source has
changed since, only new and changed items are read; the others are copied from the existing dataset, which the new one
then replaces.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hairgan.data.items import Item
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing_workers import Task, run_task
from hairgan.data.processes import cores, refuse_in_worker
from hairgan.data.source_changes import Changes, Stamps
from hairgan.data.unfinished_dataset import JOURNAL, PARAMETERS, Unfinished, remove
from hairgan.locks import Lock, LockedError, acquire

MAX_SIZE = 8192  # px; an image of that size has 200 MB

_DERIVED = ("names", "split")
"""Entries of a source's description that are derived from its content."""


@dataclass(frozen=True)
class Packing:
    """The result of `pack`: the dataset, the number of items that this call read, and the seconds that it took."""

    dataset: PackedDataset
    processed: int
    seconds: float
    changes: Changes | None = None
    """The changes in the source since an earlier packing, which was replaced."""


def pack(
    item: Callable[[int], Item],
    count: int,
    out: str | Path,
    *,
    size: int,
    source: dict[str, Any],
    labels: bool = True,
    stamps: Stamps | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    say: Callable[[str], None] | None = None,
) -> Packing:
    """Pack the items `0 .. count-1` into the dataset `out`; continue an earlier call, or return its dataset.

    Images are resized with PIL's bicubic filter (antialiased, as SEAN's loader), label maps with PIL's nearest.

    Args:
        item: gives the i-th item, or raises `Skip`; must be picklable when `workers` > 1.
        size: edge of the packed images, px.
        source: what identifies the source, for the manifest: JSON values (`kind`, and e.g. `path` or `seed`).
        labels: whether the items have label maps.
        stamps: the name of each item and a stamp that changes when the item does (`hairgan.data.source_changes`), in
            the order of the items; None where `source` and `count` say everything.
        workers: processes; 0 and 1 work in this one, None takes one per core.
        progress: show a bar; None shows it on a terminal only.
        say: called with sentences about changes and waiting; by default they are printed to standard error.

    Raises:
        ValueError: `out` or its unfinished folder holds something else, or every item was skipped.
        OSError: the disk is full, or a worker process died. Finished items are kept: the same call continues.
        KeyboardInterrupt: passed on; the same call continues.
    """
    refuse_in_worker()  # a worker would wait for the lock that its parent holds
    if count < 1 or not 8 <= size <= MAX_SIZE:
        raise ValueError(f"need at least 1 item and 8 to {MAX_SIZE} px, got {count} items and {size} px")
    if stamps is not None and len(stamps) != count:
        raise ValueError(f"{count} items have only {len(stamps)} different names")
    say = say or _print_to_stderr
    out = Path(out).absolute()
    parameters = {"size": size, "count": count, "labels": labels, "source": json.loads(json.dumps(source))}
    unfinished = Unfinished(out.with_name(out.name + ".partial"), parameters, stamps)
    workers = cores() if workers is None else workers
    started, processed, changes = time.perf_counter(), 0, None
    while True:
        before = _open_existing(out)
        outdated = None if before is None else _changes_since(before, parameters, stamps)
        if before is not None and outdated is None:
            return Packing(before, processed, time.perf_counter() - started, changes)
        out.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(out, say) as lock:
            if _fingerprint(_open_existing(out)) != _fingerprint(before):
                continue  # another process finished it while this one waited for the lock
            if outdated is not None:
                say(f"{out}: {outdated} since it was packed: packing again")
                changes = outdated
            unfinished.make_folder()
            _begin(unfinished, say)
            if not unfinished.is_finished():
                reusing = _Reusing.of(item, before, unfinished) if outdated is not None else None
                done = _pack_missing(unfinished, reusing or item, workers, progress, item.__module__)
                processed = len(done) if reusing is None else sum(index not in reusing.rows for index in done)
            lock.check()
            _replace(out, unfinished.folder, say)


def _pack_missing(
    unfinished: Unfinished, item: Callable[[int], Item], workers: int, progress: bool | None, module: str
) -> list[int]:
    """Pack the items that are not yet in the journal, and finish the dataset; returns their indices."""
    count, size = unfinished.parameters["count"], unfinished.parameters["size"]
    finished = unfinished.read_journal()
    if len(finished) < count and unfinished.is_squeezed():  # the journal lost lines after it was whole
        unfinished.begin()
        finished = {}
    todo = [i for i in range(count) if i not in finished]
    task = Task(item, unfinished.folder, size, unfinished.parameters["labels"])
    hide = None if progress is None else not progress  # tqdm: None hides the bar where there is no terminal
    with (
        unfinished.open_journal() as journal,
        tqdm(total=count, initial=len(finished), unit="image", disable=hide) as bar,
    ):
        for results in run_task(task, todo, workers, module):
            journal.write("".join(json.dumps(result) + "\n" for result in results))
            journal.flush()
            finished |= {result["index"]: result for result in results}
            bar.update(len(results))
    unfinished.finish([finished[i] for i in range(count)])
    return todo


def _begin(unfinished: Unfinished, say: Callable[[str], None]) -> None:
    """Start in a new folder, or continue in the existing one if it has the same source and size."""
    parameters, stamps = unfinished.read_state()
    if parameters is None:
        unfinished.begin()
        return
    remedy = "finish that first, choose another folder, or delete it"
    _check_same(unfinished.folder, parameters, unfinished.parameters, remedy)
    if stamps == unfinished.stamps and parameters["count"] == unfinished.parameters["count"]:
        return
    if stamps is not None and unfinished.stamps is not None:
        changes = Changes.between(stamps, unfinished.stamps)
        say(f"{unfinished.folder}: {changes} since this packing was interrupted: beginning again")
    unfinished.begin()


def _open_existing(out: Path) -> PackedDataset | None:
    """The dataset at a path; None if there is nothing, or an empty folder."""
    if not os.path.lexists(out) or (out.is_dir() and not any(out.iterdir())):
        return None
    return PackedDataset.open(out)


def _fingerprint(dataset: PackedDataset | None) -> tuple[str, Any] | None:
    """A value that differs between a dataset and one that replaced it."""
    return None if dataset is None else (dataset.fingerprint, dataset.manifest.get("checksums"))


def _changes_since(dataset: PackedDataset, parameters: dict[str, Any], stamps: Stamps | None) -> Changes | None:
    """The changes in the source since a dataset was packed from it; None if there are none.

    A dataset that was packed without stamps counts as up to date if it holds the same names.

    Raises:
        ValueError: it is a dataset of another source, or of another size.
    """
    stored = dataset.manifest["parameters"]
    _check_same(dataset.path, stored, parameters, "choose another folder or delete this one", count=stamps is None)
    if stamps is None:
        return None
    packed = dataset.stamps()
    if packed is not None:
        return Changes.between(packed, stamps)
    names = {*dataset.attributes["name"], *(entry["name"] for entry in dataset.skipped())}
    return Changes.between({name: stamps.get(name, "") for name in sorted(names)}, dict(sorted(stamps.items())))


def _check_same(
    path: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any], remedy: str, *, count: bool = False
) -> None:
    """Check that two packings have the same source and size and, if `count`, the same number of items.

    Raises:
        ValueError: they differ.
    """
    keys = [key for key in wanted if key != "count" or count]
    differing = [key for key in keys if _identity(stored.get(key)) != _identity(wanted[key])]
    if differing:
        holds = ", ".join(f"{key} {stored.get(key)}" for key in differing)
        requested = ", ".join(f"{key} {wanted[key]}" for key in differing)
        raise ValueError(f"{path} was made with {holds}, and not with {requested}: {remedy}")


def _identity(value: Any) -> Any:
    """A parameter without what is derived from the source's content; earlier versions wrote some kinds with `-`."""
    if not isinstance(value, dict):
        return value
    kept = {key: content for key, content in value.items() if key not in _DERIVED}
    return kept | ({"kind": kept["kind"].replace("-", "_")} if isinstance(kept.get("kind"), str) else {})


@dataclass(frozen=True)
class _Reusing:
    """An item function that copies unchanged items from the existing dataset."""

    item: Callable[[int], Item]
    before: PackedDataset
    rows: dict[int, int]
    """Row in `before` by index of the item."""

    @classmethod
    def of(cls, item: Callable[[int], Item], before: PackedDataset | None, unfinished: Unfinished) -> _Reusing | None:
        stamps = None if before is None else before.stamps()
        if before is None or stamps is None or unfinished.stamps is None:
            return None
        try:
            before.verify()
        except ValueError:  # altered: nothing is copied from it
            return None
        row = {name: row for row, name in enumerate(before.attributes["name"])}
        names = enumerate(unfinished.stamps.items())
        rows = {index: row[name] for index, (name, stamp) in names if stamps.get(name) == stamp and name in row}
        return cls(item, before, rows)

    def __call__(self, index: int) -> Item:
        if index not in self.rows:
            return self.item(index)
        row = self.rows[index]
        labels = None if self.before.labels is None else self.before.labels[row]
        return Item(self.before.images[row], labels, self.before.attributes.row(row, named=True))


def _replace(out: Path, whole: Path, say: Callable[[str], None]) -> None:
    """Give a finished folder its final name, and delete the dataset that had that name."""
    replaced = f"{out.name}.replaced-"
    if out.exists():
        out.rename(out.with_name(replaced + secrets.token_hex(4)))
    whole.rename(out)
    for leftover in (JOURNAL, PARAMETERS):
        (out / leftover).unlink(missing_ok=True)
    for old in [path for path in out.parent.iterdir() if path.name.startswith(replaced)]:
        remove(old)  # processes that have it open keep it until they end
        if old.exists():
            say(f"{old} holds the files of the old {out.name} that are not of a packed dataset")


@contextlib.contextmanager
def _one_at_a_time(out: Path, say: Callable[[str], None]) -> Iterator[Lock]:
    """Hold the lock of a dataset's path; wait if another process has it, because its dataset can be used here too."""
    path, what = out.with_name(out.name + ".lock"), f"the packing of {out}"
    try:
        lock = acquire(path, what)
    except LockedError as error:
        say(f"{error}: waiting for it")
        lock = acquire(path, what, patience=math.inf)
    try:
        yield lock
    finally:
        lock.release()


def _print_to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
