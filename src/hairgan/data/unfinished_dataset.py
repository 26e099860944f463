"""A dataset that is being packed: `NAME.partial`, in the folder of the final dataset.

    parameters.json             what is being packed; a call with other parameters does not change it
    source.json                 the stamps of the source's items, where it has stamps
    images.npy, labels.npy      a row per item of the source, written by the worker processes in any order
    journal.jsonl               a line per finished item, appended once its rows are on the disk

When every item is in the journal, the rows of skipped items are squeezed out, fingerprint and checksums are computed,
and the manifest is written last. So a folder with a manifest is complete.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import polars as pl

from hairgan.data.checksums import checksum, fingerprint
from hairgan.data.manifest import (
    ATTRIBUTES,
    FILES,
    FORMAT,
    IMAGES,
    LABELS,
    MANIFEST,
    SKIPPED,
    SOURCE,
    VERSION,
    parameters_problem,
    read_json,
)
from hairgan.data.packed_dataset import COLUMNS
from hairgan.data.source_changes import Stamps
from hairgan.data.splits import SPLITS
from hairgan.files import PARTIAL, write_text, write_whole

JOURNAL = "journal.jsonl"
PARAMETERS = "parameters.json"

Result = dict[str, Any]
"""A line of the journal: `index`, and `attributes` or `skipped`."""


@dataclass(frozen=True)
class Unfinished:
    """The folder, and what is packed in it.

    Args:
        parameters: `size`, `count`, `labels`, `source`.
        stamps: of the items; None if the parameters determine the items.
    """

    folder: Path
    parameters: dict[str, Any]
    stamps: Stamps | None

    def read_state(self) -> tuple[dict[str, Any] | None, Stamps | None]:
        """Parameters and stamps of an earlier attempt in this folder; None if there is none, or it is damaged."""
        try:
            parameters = read_json(self.folder / PARAMETERS)
            stamps = read_json(self.folder / SOURCE) if (self.folder / SOURCE).exists() else None
        except (ValueError, FileNotFoundError):
            return None, None
        is_whole = parameters_problem(parameters) is None and isinstance(parameters.get("count"), int)
        return (parameters, stamps) if is_whole and self._arrays_are_there(parameters) else (None, None)

    def make_folder(self) -> None:
        """Make the folder, if it is not there.

        Raises:
            ValueError: it holds files that packing does not write.
            OSError: it cannot be made.
        """
        self.folder.mkdir(exist_ok=True)
        if others := sorted(path.name for path in self.folder.iterdir() if not _is_ours(path)):
            raise ValueError(
                f"{self.folder}, where the dataset is packed, holds other files ({others[0]!r}): move them, or choose "
                "another folder for the dataset"
            )

    def begin(self) -> None:
        """Delete the files of an earlier attempt, and create empty arrays.

        Raises:
            OSError: the disk does not have enough space.
        """
        for name in (MANIFEST, PARAMETERS, JOURNAL, *FILES):
            (self.folder / name).unlink(missing_ok=True)
        shapes = self._shapes(self.parameters)
        free = shutil.disk_usage(self.folder).free
        needed = sum(math.prod(shape) for shape in shapes.values())
        if needed > free:
            count, size = self.parameters["count"], self.parameters["size"]
            raise OSError(
                f"{self.folder.parent} has {free / 1e9:.1f} GB free, {count} images of {size} px need "
                f"{needed / 1e9:.1f} GB"
            )
        for name, shape in shapes.items():
            np.lib.format.open_memmap(self.folder / name, mode="w+", dtype=np.uint8, shape=shape)
        if self.stamps is not None:
            write_text(self.folder / SOURCE, json.dumps(dict(self.stamps), indent=0) + "\n")
        _write_json(self.folder / PARAMETERS, self.parameters)

    def open_journal(self) -> TextIO:
        """The journal, to append a line for each result."""
        return (self.folder / JOURNAL).open("a", encoding="utf-8")

    def read_journal(self) -> dict[int, Result]:
        """Results by index. An incomplete last line, after a crash, is removed; damaged lines are ignored."""
        path = self.folder / JOURNAL
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        results = {}
        for line in whole.splitlines():
            try:
                result = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if _is_whole(result) and result["index"] in range(self.parameters["count"]):
                results[result["index"]] = result
        return results

    def is_squeezed(self) -> bool:
        """Whether rows have already been squeezed out of an array, so that no more can be written."""
        shapes = self._shapes(self.parameters)
        return any(len(np.load(self.folder / name, mmap_mode="r")) < shape[0] for name, shape in shapes.items())

    def is_finished(self) -> bool:
        """Whether the folder is a complete dataset that only lacks its final name."""
        return (self.folder / MANIFEST).exists()

    def finish(self, results: list[Result]) -> None:
        """Squeeze out skipped items and write everything that makes the folder a dataset.

        Raises:
            ValueError: every item was skipped; the folder is deleted.
        """
        for leftover in self.folder.glob(PARTIAL + "*"):  # from an interrupted call
            leftover.unlink()
        kept = [result["index"] for result in results if "attributes" in result]
        skipped = [result["skipped"] for result in results if "skipped" in result]
        reasons = Counter(entry["reason"] for entry in skipped)
        if not kept:
            remove(self.folder)
            why = ", ".join(f"{reason} ({n})" for reason, n in reasons.most_common())
            first = f"{skipped[0]['name']}: {skipped[0]['detail'] or skipped[0]['reason']}"
            raise ValueError(
                f"all {len(results)} items were skipped, so there is nothing to pack: {why}; the first is {first}"
            )
        attributes = _table([result["attributes"] for result in results if "attributes" in result])
        with (self.folder / ATTRIBUTES).open("wb") as file:  # polars takes no path that is not UTF-8
            attributes.write_parquet(file)
        _write_json(self.folder / SKIPPED, skipped)
        arrays = [IMAGES] + ([LABELS] if self.parameters["labels"] else [])
        for name in arrays:
            _squeeze(self.folder / name, kept)
        per_split = Counter(attributes["split"])
        files = [*arrays, ATTRIBUTES, SKIPPED] + ([SOURCE] if self.stamps is not None else [])
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "size": self.parameters["size"],
            "count": len(kept),
            "splits": {split: per_split[split] for split in SPLITS},
            "fingerprint": fingerprint(self.folder, self.parameters["size"], arrays, attributes),
            "skipped": dict(reasons),
            "files": {name: (self.folder / name).stat().st_size for name in files},
            "checksums": {name: checksum(self.folder / name) for name in files},
            "parameters": self.parameters,
        }
        _write_json(self.folder / MANIFEST, manifest)

    def _shapes(self, parameters: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        count, size = parameters["count"], parameters["size"]
        shapes: dict[str, tuple[int, ...]] = {IMAGES: (count, size, size, 3)}
        return shapes | ({LABELS: (count, size, size)} if parameters["labels"] else {})

    def _arrays_are_there(self, parameters: dict[str, Any]) -> bool:
        """Whether the arrays have been created; skipped rows may already be squeezed out of them."""
        for name, (count, *row) in self._shapes(parameters).items():
            try:
                array = np.lib.format.open_memmap(self.folder / name, mode="r")
            except Exception:  # for a damaged header, almost any exception
                return False
            if array.dtype != np.uint8 or array.shape[1:] != tuple(row) or not 0 < len(array) <= count:
                return False
        return True


def remove(folder: Path) -> None:
    """Delete a dataset, finished or not; other files in its folder are kept."""
    for path in [path for path in folder.iterdir() if _is_ours(path)]:
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _is_ours(path: Path) -> bool:
    """Whether an entry of a dataset's folder is one that packing writes."""
    return path.name in (MANIFEST, JOURNAL, PARAMETERS, *FILES) or path.name.startswith(PARTIAL)


def _is_whole(result: Any) -> bool:
    """Whether a line of the journal is a valid result of an item."""
    if not isinstance(result, dict) or type(result.get("index")) is not int:
        return False
    attributes, skipped = result.get("attributes"), result.get("skipped")
    if isinstance(attributes, dict):
        return isinstance(attributes.get("name"), str) and attributes.get("split") in SPLITS
    return isinstance(skipped, dict) and all(isinstance(skipped.get(key), str) for key in ("name", "reason", "detail"))


def _table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = list(dict.fromkeys(key for row in rows for key in row))
    schema = {name: COLUMNS.get(name) for name in names}
    table = pl.from_dicts(rows, schema=schema, infer_schema_length=None)
    assert set(table["split"]) <= set(SPLITS), f"splits {set(table['split'])}"
    if table["name"].n_unique() < table.height:
        raise ValueError(f"{table.height} items have only {table['name'].n_unique()} different names")
    return table


def _squeeze(path: Path, kept: list[int]) -> None:
    """Keep only the given rows. They are written to a new file, so that an interruption does no harm."""
    old = np.load(path, mmap_mode="r")
    if len(old) == len(kept):  # nothing skipped, or done before an interruption
        return
    with write_whole(path) as file:
        header = {"descr": np.lib.format.dtype_to_descr(old.dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(file, header | {"shape": (len(kept), *old.shape[1:])})
        for index in kept:
            file.write(old[index].data)


def _write_json(path: Path, content: Any) -> None:
    write_text(path, json.dumps(content, indent=1) + "\n")
