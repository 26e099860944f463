"""A packed dataset in shards (`hairgan.data.shards`), read from a folder, or from a bucket through a bounded cache."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from hairgan.data.checksums import checksum
from hairgan.data.manifest import IMAGES, LABELS, MANIFEST, SHARDS, read_manifest
from hairgan.data.packed_dataset import PackedDataset, read_attributes, same_data
from hairgan.data.shard_store import Store, is_url, open_store
from hairgan.data.shards import Layout, ShardedArray, checked, damaged, shard_name
from hairgan.files import write_bytes

ARRAYS = {IMAGES: "images", LABELS: "labels"}
"""Files of a packed dataset that become shards, and the folders of these."""

GB = 1_000_000_000


@dataclass(frozen=True)
class StreamedDataset(PackedDataset):
    """A packed dataset whose images and label maps are read from shards; everything else is the packed dataset's.

    Attributes:
        path: a local folder with the small files; of shards in a bucket, their cache.
        store: where the shards are.
        cache_limit: GB of shards that are kept in `path`; None for all.
    """

    store: Store
    cache_limit: float | None

    @classmethod
    def open_shards(cls, folder: Path, store: Store, cache_limit: float | None = None) -> StreamedDataset:
        """Open the shards in a store, whose small files are in `folder` (`fetch_small_files`).

        Checked are the small files, and of shards in a folder that all are there in their size. A shard that is loaded
        into the cache is compared with its checksum. Shards that an earlier run cached above the limit are deleted.

        Args:
            cache_limit: GB; None keeps all shards.

        Raises:
            ValueError: something is damaged, or all shards are to be kept and do not fit the disk.
        """
        layout = Layout.read(folder, store.root)
        manifest = read_manifest(folder)
        size, count = manifest["size"], manifest["count"]
        shapes = {IMAGES: (count, size, size, 3), LABELS: (count, size, size)}
        shapes = {name: shape for name, shape in shapes.items() if name in manifest["files"]}
        arrays = {name: ShardedArray(ARRAYS[name], shape, layout, folder, store) for name, shape in shapes.items()}
        for array in arrays.values():
            _check_shards(array)
        if is_url(store.root):
            kept = _kept(list(arrays.values()), cache_limit)
            arrays = {name: replace(array, kept=kept) for name, array in arrays.items()}
            _make_room(list(arrays.values()), cache_limit)
        table = read_attributes(folder, manifest)
        fingerprint = manifest["fingerprint"]
        return cls(
            folder, size, arrays[IMAGES], arrays.get(LABELS), table, fingerprint, manifest, store=store,
            cache_limit=cache_limit,
        )  # fmt: skip

    def __reduce__(self) -> tuple[Callable[..., StreamedDataset], tuple[Any, ...]]:
        return _reopen, (self.path, self.store.root, self.cache_limit, self.fingerprint)

    def verify(self) -> None:
        """Read every file and compare it with its checksum.

        Raises:
            ValueError: something was altered since it was written; the message names the file.
        """
        assert isinstance(self.images, ShardedArray)
        for name in self.images.layout.files:
            checked(self.images.layout, self.store, name)


def fetch_small_files(store: Store, cache: Path) -> Path:
    """The local folder with everything of a streamed dataset but its shards.

    Of a folder that is the folder itself; of a URL, a folder in `cache`, named after a hash of `shards.json`, into
    which missing files are loaded. Several processes may do that at once.

    Raises:
        ValueError: there are no shards, or a file is damaged.
        OSError: the store cannot be reached.
    """
    content, root = store.fetch(SHARDS), store.root
    if content is None:
        raise ValueError(f"{root}: looked for {SHARDS}, written by `hairgan prepare --shards`, found {_found(root)}")
    if not is_url(root):
        return Path(root)
    folder = cache / f"streamed_{hashlib.blake2b(content, digest_size=8).hexdigest()}"
    for kind in ARRAYS.values():
        (folder / kind).mkdir(parents=True, exist_ok=True)
    write_bytes(folder / SHARDS, content)
    layout = Layout.read(folder, root)
    for name in (name for name in layout.files if "/" not in name):
        if not (folder / name).is_file() or checksum(folder / name) != layout.files[name][1]:
            write_bytes(folder / name, checked(layout, store, name))
    return folder


def _found(root: str) -> str:
    if is_url(root):
        return "no such object or bucket"
    if (Path(root) / MANIFEST).is_file():
        return f"a packed dataset: read it with data=celeba_hq, or make shards of it (hairgan prepare {root} --shards)"
    return "another folder" if Path(root).is_dir() else "no such folder"


def _reopen(folder: Path, root: str, cache_limit: float | None, fingerprint: str) -> StreamedDataset:
    return same_data(StreamedDataset.open_shards(folder, open_store(root), cache_limit), fingerprint)


def _kept(arrays: list[ShardedArray], cache_limit: float | None) -> int:
    """How many shards of each array, counted from the first, fit the cache."""
    if cache_limit is None:
        return arrays[0].count
    together = [sum(size for _, size in shards) for shards in zip(*(array.sizes() for array in arrays), strict=True)]
    return sum(total <= cache_limit * GB for total in accumulate(together))


def _check_shards(array: ShardedArray) -> None:
    """Compare what `shards.json` says with the manifest and, of shards in a folder, with the files."""
    for name, size in array.sizes():
        listed = array.layout.files.get(name)
        if listed is None or listed[0] != size:
            raise damaged(array.store.root, f"{SHARDS} does not say {size} bytes of {name}")
        if not is_url(array.store.root):
            file = array.folder / name
            found = f"has {file.stat().st_size} bytes" if file.is_file() else "is missing"
            if found != f"has {size} bytes":
                raise damaged(array.store.root, f"{name} {found}, {SHARDS} says {size} bytes")


def _make_room(arrays: list[ShardedArray], cache_limit: float | None) -> None:
    """Delete cached shards above the limit; without a limit, check that the disk has space for those not yet cached."""
    folder, root = arrays[0].folder, arrays[0].store.root
    for array in arrays:
        kept = {Path(shard_name(array.kind, number)).name for number in range(array.kept)}
        for file in (folder / array.kind).glob("*.bin"):
            if file.name not in kept:
                file.unlink(missing_ok=True)
    if cache_limit is not None:
        return
    missing = sum(size for array in arrays for name, size in array.sizes() if not (folder / name).exists())
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise ValueError(
            f"the shards of {root} need {missing / GB:.1f} GB more in {folder}, where {free / GB:.1f} GB are free: say "
            "how many GB may be used (data.cache_limit=50); the others are read without keeping them"
        )
