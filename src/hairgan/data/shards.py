"""The streamed form of a packed dataset: its images and label maps in shards, read by index.

    shards.json           what this is, the images per shard, and size and checksum of every other file; written last
    manifest.json         of the packed dataset, unchanged: so is its fingerprint
    attributes.parquet, skipped.json, source.json      of the packed dataset
    images/chunk-0-K.bin, images/index.json            its images in shards of some 16 MiB, in the format of litdata
    labels/...                                         its label maps, likewise

A shard holds the number of its rows n, n + 1 offsets, and for each row its length and its bytes; all numbers are
`uint32`, little-endian. All rows of a dataset have one length, so where a row begins is computed, not looked up.

Our order is a random permutation of the images of a split. A cache that replaces old shards by new ones would load a
shard for almost each image, and throw it away before the next of its images is due. Instead the first shards, as many
as the limit of the cache allows, are kept once they have been loaded, and of the others only the bytes of single images
are requested. So each epoch takes from the disk the share of the set that fits there, and nothing else is transferred
twice (Mohan et al. 2021, Analyzing and Mitigating Data Stalls in DNN Training, section 4). Processes that share the
cache never remove what another one reads.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.manifest import SHARDS, read_json
from hairgan.data.shard_store import CONNECTIONS, Store
from hairgan.files import write_bytes
from hairgan.locks import hold

FORMAT = "hairgan-shards"
VERSION = 1
NUMBER = 4  # bytes of a number in a shard

Bytes = UInt8[ndarray, "..."]


@dataclass(frozen=True)
class Layout:
    """Content of `shards.json`.

    Attributes:
        per_shard: rows of each shard but the last.
        files: size in bytes and checksum of every file, by name.
    """

    per_shard: int
    files: dict[str, tuple[int, str]]

    @classmethod
    def read(cls, folder: Path, place: str) -> Layout:
        """Read and check it; `place` is named in messages.

        Raises:
            ValueError: it is of another version, or damaged.
        """
        try:
            content = read_json(folder / SHARDS)
        except ValueError:
            content = None
        if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
            raise ValueError(
                f"{place}: looked for {FORMAT} version {VERSION} in {SHARDS}, found something else; make the shards "
                "again with this version of hairgan"
            )
        per_shard, files = content.get("per_shard"), content.get("files")
        if not isinstance(per_shard, int) or per_shard < 1 or not isinstance(files, dict):
            raise damaged(place, f"{SHARDS} does not name the shards")
        for name, entry in files.items():
            if not isinstance(entry, list) or [type(value) for value in entry] != [int, str]:
                raise damaged(place, f"{SHARDS} says {entry!r} of {name}")
        return cls(per_shard, {name: (entry[0], entry[1]) for name, entry in files.items()})

    def dump(self) -> str:
        content = {"format": FORMAT, "version": VERSION, "per_shard": self.per_shard, "files": self.files}
        return json.dumps(content, indent=1) + "\n"


def shard_name(kind: str, number: int) -> str:
    """Name of a shard of `images` or `labels`, as litdata gives it."""
    return f"{kind}/chunk-0-{number}.bin"


def shard_bytes(rows: int, row_bytes: int) -> int:
    """Size of a shard."""
    return _start(rows) + rows * (NUMBER + row_bytes)


def _start(rows: int) -> int:
    """Where the first row of a shard begins: after the number of rows and the offsets."""
    return NUMBER * (rows + 2)


@dataclass(frozen=True)
class ShardedArray:
    """Rows of bytes, read by index as from an array: `array[7]`, `array[[3, 1]]`; each read is a copy.

    Attributes:
        kind: `images` or `labels`.
        shape: `(n, ...)`.
        layout: what the shards are.
        folder: where shards are looked for first: their own folder, or the cache of a bucket.
        store: where all of them are.
        kept: shards with a smaller number are kept in the cache once they have been loaded.
    """

    kind: str
    shape: tuple[int, ...]
    layout: Layout
    folder: Path
    store: Store
    kept: int = 0

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def count(self) -> int:
        """Number of shards."""
        return math.ceil(len(self) / self.layout.per_shard)

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Name and size in bytes of each shard."""
        for number in range(self.count):
            yield shard_name(self.kind, number), shard_bytes(self._rows(number), self._row_bytes)

    def __getitem__(self, indices: Any) -> Bytes:
        """Some rows, in the order of the indices.

        Raises:
            ValueError: a shard is missing or damaged.
            OSError: the store cannot be reached.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        assert chosen.size == 0 or 0 <= chosen.min() <= chosen.max() < len(self), f"{chosen} of {len(self)} rows"
        out = np.empty((chosen.size, *self.shape[1:]), np.uint8)
        rows = list(zip(chosen.ravel().tolist(), out, strict=True))
        if far := [(index, row) for index, row in rows if not self._read_here(index, row)]:
            shards = {index // self.layout.per_shard for index, _ in far}
            with ThreadPoolExecutor(min(len(far), CONNECTIONS)) as pool:  # its threads wait for answers
                list(pool.map(self._keep, [number for number in shards if number < self.kept]))
                list(pool.map(self._read, *zip(*far, strict=True)))
        return out.reshape(*chosen.shape, *self.shape[1:])

    @property
    def _row_bytes(self) -> int:
        return math.prod(self.shape[1:])

    def _rows(self, number: int) -> int:
        """Number of rows of a shard."""
        return min(self.layout.per_shard, len(self) - number * self.layout.per_shard)

    def _where(self, index: int) -> tuple[str, int]:
        """The shard of a row, and where in it the row begins."""
        number, position = divmod(index, self.layout.per_shard)
        start = _start(self._rows(number)) + position * (NUMBER + self._row_bytes) + NUMBER
        return shard_name(self.kind, number), start

    def _read(self, index: int, row: Bytes) -> None:
        if not self._read_here(index, row):
            self._read_there(index, row)

    def _read_here(self, index: int, row: Bytes) -> bool:
        """Read a row from the folder; returns whether its shard is there."""
        name, start = self._where(index)
        try:
            with (self.folder / name).open("rb", buffering=0) as file:
                file.seek(start)
                read = file.readinto(row.data)
        except FileNotFoundError:
            return False
        if read != row.nbytes:
            what = f"{self.folder / name} ends too early"
            is_cached = self.folder != Path(self.store.root)
            raise ValueError(f"{what}: delete it") if is_cached else damaged(self.store.root, what)
        return True

    def _read_there(self, index: int, row: Bytes) -> None:
        """Read a row from the store."""
        name, start = self._where(index)
        content = self.store.fetch_range(name, start, row.nbytes)
        if content is None:
            raise damaged(self.store.root, f"{name} is missing")
        if len(content) != row.nbytes:
            raise damaged(self.store.root, f"{name} ends too early")
        row[...] = np.frombuffer(content, np.uint8).reshape(row.shape)

    def _keep(self, number: int) -> None:
        """Load a shard into the folder; of several processes that want it, one does."""
        name = shard_name(self.kind, number)
        place = self.folder / name
        with hold(place.with_suffix(".lock"), f"the shard {place}", patience=math.inf):
            if not place.exists():
                write_bytes(place, checked(self.layout, self.store, name))


def checked(layout: Layout, store: Store, name: str) -> bytes:
    """The content of a file that `shards.json` lists.

    Raises:
        ValueError: it is missing, or is not what was written.
    """
    content, place = store.fetch(name), store.root
    if content is None:
        raise damaged(place, f"{name} is missing")
    size, expected = layout.files[name]
    if len(content) != size:
        raise damaged(place, f"{name} has {len(content)} bytes, {SHARDS} says {size}")
    if hashlib.blake2b(content, digest_size=16).hexdigest() != expected:
        raise damaged(place, f"{name} was altered since it was written (its checksum differs)")
    return content


def damaged(place: str, what: str) -> ValueError:
    """The error for shards that are not as they were written."""
    return ValueError(f"the shards in {place} are damaged: {what}; make them again (hairgan prepare --shards)")
