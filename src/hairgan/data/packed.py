"""The packed dataset: memory-mapped images and label maps of one size, and a table with one row an image.

A packed dataset is a folder (docs/data.md):

    manifest.json       what this is: format, size, counts, source, fingerprint, the files and their sizes
    images.npy          uint8 (N, S, S, 3), RGB
    labels.npy          uint8 (N, S, S), CelebAMask-HQ order; absent for data without label maps
    attributes.parquet  N rows: `name`, `split`, and whatever the source knows or measured (`COLUMNS`)
    skipped.json        what was left out of the source, and why

`hairgan.data.packing` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Int, UInt8
from numpy import ndarray

FORMAT = "hairgan-packed"
VERSION = 1
MANIFEST = "manifest.json"
IMAGES = "images.npy"
LABELS = "labels.npy"
ATTRIBUTES = "attributes.parquet"
SKIPPED = "skipped.json"
SPLITS = ("train", "val", "test")

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


@dataclass(frozen=True)
class PackedDataset:
    """A packed dataset, opened read-only; pickles as its path."""

    path: Path
    size: int
    images: UInt8[np.memmap, "n s s 3"]
    labels: UInt8[np.memmap, "n s s"] | None
    attributes: pl.DataFrame
    fingerprint: str
    """Hash of images, labels, attributes and size: the same data has the same fingerprint wherever it lies."""
    manifest: dict[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> PackedDataset:
        """Open a packed dataset.

        Raises:
            ValueError: the folder is no packed dataset, is of another version, or is damaged.
        """
        path = Path(path)
        manifest = _manifest(path)
        for name, expected in manifest["files"].items():
            actual = (path / name).stat().st_size if (path / name).is_file() else None
            if actual != expected:
                found = "is missing" if actual is None else f"has {actual} bytes"
                raise ValueError(
                    f"the packed dataset {path} is damaged: {name} {found}, {MANIFEST} says {expected} bytes"
                )
        images = np.load(path / IMAGES, mmap_mode="r")
        labels = np.load(path / LABELS, mmap_mode="r") if LABELS in manifest["files"] else None
        attributes = pl.read_parquet(path / ATTRIBUTES)
        size, count = manifest["size"], manifest["count"]
        shapes_fit = images.shape == (count, size, size, 3) and (labels is None or labels.shape == (count, size, size))
        if not shapes_fit or attributes.height != count:
            raise ValueError(
                f"the packed dataset {path} is damaged: {MANIFEST} says {count} images of {size} px, found images of "
                f"shape {images.shape}, labels of shape {None if labels is None else labels.shape} and "
                f"{attributes.height} rows of attributes"
            )
        return cls(path, size, images, labels, attributes, manifest["fingerprint"], manifest)

    def __len__(self) -> int:
        return len(self.images)

    def __reduce__(self) -> tuple[Callable[[Path], PackedDataset], tuple[Path]]:
        return PackedDataset.open, (self.path,)  # a pickled memmap would carry all its pixels

    def split(self, name: str) -> Int[ndarray, " k"]:
        """Indices of the images of a split (`"train"`, `"val"` or `"test"`), ascending, int64; may be empty."""
        if name not in SPLITS:
            raise ValueError(f"there is no split {name!r}: the splits are {', '.join(SPLITS)}")
        return np.flatnonzero(self.attributes["split"].to_numpy() == name)

    def skipped(self) -> list[dict[str, str]]:
        """What was left out of the source: dicts of `name`, `reason`, `detail`, in the source's order."""
        return json.loads((self.path / SKIPPED).read_text())


def _manifest(path: Path) -> dict[str, Any]:
    looked_for = f"a packed dataset (a folder with {MANIFEST}, {IMAGES} and {ATTRIBUTES}, written by `hairgan prepare`)"
    if not (path / MANIFEST).is_file():
        partial = path.with_name(path.name + ".partial")
        if not path.exists() and partial.is_dir():
            found = f"only the unfinished {partial.name}: run the command that began it once more to finish it"
        elif not path.exists():
            found = "nothing there"
        elif path.is_file():
            found = f"a file of {path.stat().st_size} bytes"
        else:
            names = sorted(child.name for child in path.iterdir())
            found = f"{', '.join(names[:6])}{', ...' if len(names) > 6 else ''}" if names else "an empty folder"
        raise ValueError(f"{path}: looked for {looked_for}, found {found}")
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text())
        form, version = manifest["format"], manifest["version"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: looked for {looked_for}, found another kind of {MANIFEST}") from None
    if (form, version) != (FORMAT, VERSION):
        raise ValueError(
            f"{path}: looked for format {FORMAT} version {VERSION}, found {form} version {version}; "
            "pack the data again with this version of hairgan"
        )
    return manifest
