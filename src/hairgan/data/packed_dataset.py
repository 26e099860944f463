"""The packed dataset: memory-mapped images and label maps of one size, and a table with one row per image.

A packed dataset is a folder (docs/data.md):

    manifest.json       what this is: format, size, counts, source, fingerprint, the files with sizes and checksums
    images.npy          uint8 (N, S, S, 3), RGB
    labels.npy          uint8 (N, S, S), CelebAMask-HQ order; absent for data without label maps
    attributes.parquet  N rows: `name`, `split`, and other attributes that the source knows or measures (`COLUMNS`)
    skipped.json        what was left out of the source, and why
    source.json         a stamp per item of the source, which changes with the item; absent for drawn data

`hairgan.data.packing` writes it. Opening one checks what can be checked in milliseconds; `verify` checks every byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from jaxtyping import Int, Integer, UInt8
from numpy import ndarray

from hairgan.data.checksums import checksum, fingerprint
from hairgan.data.manifest import (
    ATTRIBUTES,
    IMAGES,
    LABELS,
    MANIFEST,
    SHARDS,
    SKIPPED,
    SOURCE,
    read_json,
    read_manifest,
)
from hairgan.data.shards import ShardedArray
from hairgan.data.splits import SPLITS
from hairgan.regions import NUM_REGIONS

COLUMNS: dict[str, pl.DataType] = {
    "name": pl.String(),  # of the image in its source, unique
    "split": pl.String(),  # train, val or test
    "domain": pl.String(),  # the folder's name, for image-folder data
    "hair_length": pl.String(),  # short, bob, long; null when unknown
    "hair_texture": pl.String(),  # straight, perm; null when unknown
    "hair_color": pl.String(),  # black, brown, blond, red, grey, other; null when unknown
    "hair_area": pl.Float64(),  # hair / all pixels
    "hair_below_chin": pl.Float64(),  # how far hair reaches below the chin, in face heights; negative above it
    "forehead_covered": pl.Float64(),  # share of the forehead under hair, 0 to 1
}
"""Types of the columns that queries know; the CelebA attributes (`Bangs`, `Male`, ...) are further bool columns."""

Opened = TypeVar("Opened", bound="PackedDataset")

LABEL_MAPS_CHECKED = 64  # at every opening of a dataset
NAMES_IN_REPORT = 5  # per reason, in a report of what was skipped


@dataclass(frozen=True)
class PackedDataset:
    """A packed dataset, opened read-only; pickles as its path and fingerprint."""

    path: Path
    size: int
    images: UInt8[np.memmap, "n s s 3"] | ShardedArray
    labels: UInt8[np.memmap, "n s s"] | ShardedArray | None
    attributes: pl.DataFrame
    fingerprint: str
    """Hash of images, labels, attributes and size: the same data has the same fingerprint at any path."""
    manifest: dict[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> PackedDataset:
        """Open a packed dataset and check what can be checked quickly.

        That is: the manifest and the sizes of all files; types and shapes of the arrays; the table of attributes; and
        the values of some label maps, evenly spaced.

        Raises:
            ValueError: the folder is not a packed dataset, is of another version, or is damaged.
        """
        path = Path(path)
        manifest = read_manifest(path)
        if (path / SHARDS).is_file():
            raise ValueError(f"{path} holds the shards of a dataset: read them with data=streaming data.root={path}")
        for name, expected in manifest["files"].items():
            actual = (path / name).stat().st_size if (path / name).is_file() else None
            if actual != expected:
                found = "is missing" if actual is None else f"has {actual} bytes"
                raise damaged(path, f"{name} {found}, {MANIFEST} says {expected} bytes")
        size, count = manifest["size"], manifest["count"]
        images = _array(path, IMAGES, (count, size, size, 3))
        labels = _array(path, LABELS, (count, size, size)) if LABELS in manifest["files"] else None
        attributes = read_attributes(path, manifest)
        dataset = cls(path, size, images, labels, attributes, manifest["fingerprint"], manifest)
        if labels is not None:
            dataset.label_maps(np.unique(np.linspace(0, count - 1, LABEL_MAPS_CHECKED).astype(np.int64)))
        return dataset

    def __len__(self) -> int:
        return len(self.images)

    def __reduce__(self) -> tuple[Callable[[Path, str], PackedDataset], tuple[Path, str]]:
        return _reopen, (self.path, self.fingerprint)  # a pickled memmap would carry all its pixels

    def label_maps(self, indices: Integer[ndarray, " k"]) -> UInt8[ndarray, "k s s"]:
        """Label maps of some images, read and checked.

        Raises:
            ValueError: one of them holds a number that is not a region.
        """
        assert self.labels is not None, f"{self.path} has no label maps"
        maps = self.labels[indices]
        if len(maps) and maps.max() >= NUM_REGIONS:
            largest = maps.reshape(len(maps), -1).max(axis=1)
            at = int(np.argmax(largest))
            raise damaged(
                self.path,
                f"the label map of image {int(indices[at])} holds {largest[at]}, regions are 0 to {NUM_REGIONS - 1}",
            )
        return maps

    def verify(self) -> None:
        """Read everything: compare each file with its checksum, and check each label map.

        Raises:
            ValueError: something was altered since it was packed; the message names the file.
        """
        for name, expected in self.manifest.get("checksums", {}).items():
            if checksum(self.path / name) != expected:
                raise damaged(self.path, f"{name} was altered since it was packed (its checksum differs)")
        if "checksums" not in self.manifest:  # packed before there were any
            arrays = [name for name in (IMAGES, LABELS) if name in self.manifest["files"]]
            if fingerprint(self.path, self.size, arrays, self.attributes) != self.fingerprint:
                raise damaged(self.path, "it was altered since it was packed (its fingerprint differs)")
        if self.labels is not None:
            for start in range(0, len(self), LABEL_MAPS_CHECKED):
                self.label_maps(np.arange(start, min(start + LABEL_MAPS_CHECKED, len(self))))

    def split(self, name: str) -> Int[ndarray, " k"]:
        """Indices of the images of a split (`"train"`, `"val"` or `"test"`), ascending, int64; may be empty."""
        if name not in SPLITS:
            raise ValueError(f"there is no split {name!r}; known are {', '.join(SPLITS)}")
        return np.flatnonzero(self.attributes["split"].to_numpy() == name)

    def skipped(self) -> list[dict[str, str]]:
        """What was left out of the source: dicts of `name`, `reason`, `detail`, in the source's order."""
        keys = ("name", "reason", "detail")
        entries = read_json(self.path / SKIPPED)
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in keys) for entry in entries
        ):
            raise damaged(self.path, f"{SKIPPED} is not a list of {', '.join(keys)}")
        return entries

    def skip_report(self) -> str:
        """What was left out and why, in a few lines; empty if nothing was left out."""
        skipped = self.skipped()
        if not skipped:
            return ""
        by_reason: dict[str, list[dict[str, str]]] = {}
        for entry in skipped:
            by_reason.setdefault(entry["reason"], []).append(entry)
        total = len(self) + len(skipped)
        lines = [f"{len(skipped):,} of {total:,} images ({len(skipped) / total:.0%}) cannot be used:"]
        for reason, entries in sorted(by_reason.items(), key=lambda item: -len(item[1])):
            first = entries[0]["name"] + f" ({entries[0]['detail']})" * bool(entries[0]["detail"])
            names = [first, *(entry["name"] for entry in entries[1:NAMES_IN_REPORT])]
            lines.append(f"  {reason} {len(entries):,}: {', '.join(names)}{', ...' * (len(entries) > NAMES_IN_REPORT)}")
        return "\n".join([*lines, f"  all of them, with details: {self.path / SKIPPED}"])

    def stamps(self) -> dict[str, str] | None:
        """The stamps of the source's items by name, in the source's order; None where none were kept."""
        if SOURCE not in self.manifest["files"]:
            return None
        stamps = read_json(self.path / SOURCE)
        if not isinstance(stamps, dict) or not all(isinstance(stamp, str) for stamp in stamps.values()):
            raise damaged(self.path, f"{SOURCE} does not give a stamp by name")
        return stamps


def damaged(path: Path, what: str) -> ValueError:
    """The error for a packed dataset that is not as it was written."""
    return ValueError(f"the packed dataset {path} is damaged: {what}; delete it and pack the data again")


def _reopen(path: Path, fingerprint: str) -> PackedDataset:
    return same_data(PackedDataset.open(path), fingerprint)


def same_data(dataset: Opened, fingerprint: str) -> Opened:
    """A dataset that another process opened, and this one again.

    Raises:
        ValueError: it has been replaced in between.
    """
    if dataset.fingerprint != fingerprint:
        raise ValueError(f"{dataset.path} was packed again while a process read it: start that process again")
    return dataset


def _array(path: Path, name: str, shape: tuple[int, ...]) -> UInt8[np.memmap, "..."]:
    try:
        array = np.lib.format.open_memmap(path / name, mode="r")
    except Exception as error:  # a damaged header is evaluated as Python and raises almost any exception
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise damaged(path, f"{name} is not an array ({reason})") from None
    if array.dtype != np.uint8 or array.shape != shape or not array.flags.c_contiguous:
        order = "" if array.flags.c_contiguous else " in Fortran order"
        raise damaged(
            path,
            f"{MANIFEST} says {shape[0]} images of {shape[1]} px, so {name} is uint8 of shape {shape}, found "
            f"{array.dtype} of shape {array.shape}{order}",
        )
    return array


def read_attributes(path: Path, manifest: dict[str, Any]) -> pl.DataFrame:
    """The table of a dataset, checked; first its checksum, because the decoder trusts what it reads.

    Raises:
        ValueError: it is damaged.
    """
    expected = manifest.get("checksums", {}).get(ATTRIBUTES)
    if expected is not None and checksum(path / ATTRIBUTES) != expected:
        raise damaged(path, f"{ATTRIBUTES} was altered since it was packed (its checksum differs)")
    try:
        with (path / ATTRIBUTES).open("rb") as file:  # polars takes no path that is not UTF-8
            rows = pl.scan_parquet(file).select(pl.len()).collect().item()
            file.seek(0)
            attributes = pl.read_parquet(file) if rows == manifest["count"] else None
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of polars is not an `Exception`
        raise damaged(path, f"{ATTRIBUTES} cannot be read ({str(error).splitlines()[0]})") from None
    if attributes is None:
        raise damaged(path, f"{MANIFEST} says {manifest['count']} images, {ATTRIBUTES} has {rows} rows")
    for name, kind in COLUMNS.items():
        if name in ("name", "split") and name not in attributes.columns:
            raise damaged(path, f"{ATTRIBUTES} has no column '{name}'")
        if name in attributes.columns and attributes[name].dtype != kind:
            raise damaged(path, f"the column '{name}' of {ATTRIBUTES} is of type {attributes[name].dtype}, not {kind}")
    if attributes["name"].null_count() or attributes["name"].n_unique() < rows:
        raise damaged(path, f"the names in {ATTRIBUTES} are not unique")
    counts = Counter(attributes["split"].to_list())
    if counts != Counter(manifest["splits"]):
        raise damaged(path, f"{MANIFEST} says the splits {manifest['splits']}, {ATTRIBUTES} has {dict(counts)}")
    return attributes
