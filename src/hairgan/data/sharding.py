"""Write a packed dataset as shards (`hairgan.data.shards`), into a folder or a bucket."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from hairgan.data.checksums import checksum
from hairgan.data.manifest import MANIFEST, SHARDS
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packed_dataset import damaged as packed_damaged
from hairgan.data.shard_store import Folder, Store, import_litdata, is_url, open_store
from hairgan.data.shards import Layout, shard_bytes, shard_name
from hairgan.data.streamed_dataset import ARRAYS
from hairgan.files import write_text, write_whole_folder

SHARD_BYTES = 1 << 24  # of images, at most


def write_shards(
    dataset: PackedDataset, target: str, *, per_shard: int | None = None, progress: bool | None = None
) -> Layout | None:
    """Write a packed dataset as shards.

    A folder gets its name when it is complete; in a bucket, `shards.json` comes last, and the disk holds one shard at a
    time. The same command again, after an interruption, begins again.

    Args:
        target: a folder that does not exist or is empty, or a URL (`s3://bucket/name`).
        per_shard: images of a shard; None makes shards of at most 16 MiB.
        progress: show a bar; None shows it on a terminal only.

    Returns:
        the layout; None if the same data is there already.

    Raises:
        ValueError: something else is there, the dataset is damaged, or litdata is not installed.
        OSError: the disk is full, or the bucket cannot be reached.
    """
    import_litdata("writing shards")
    if _holds(target, dataset):
        return None
    per_shard = per_shard or max(1, SHARD_BYTES // shard_bytes(1, dataset.size * dataset.size * 3))
    with _place(target) as store, tempfile.TemporaryDirectory(dir=_beside(target)) as scratch:
        return _write(dataset, Path(scratch), store, per_shard, progress)


def _holds(target: str, dataset: PackedDataset) -> bool:
    """Whether a target holds the shards of this dataset.

    Raises:
        ValueError: it holds something else.
    """
    store = open_store(target)
    if store.fetch(SHARDS) is not None:
        if store.fetch(MANIFEST) == (dataset.path / MANIFEST).read_bytes():
            return True
        raise ValueError(f"{target} holds the shards of another dataset: choose another place, or delete it")
    if not is_url(target) and Path(target).exists() and (not Path(target).is_dir() or any(Path(target).iterdir())):
        raise ValueError(f"{target} exists and holds other files: choose another place for the shards")
    return False


@contextmanager
def _place(target: str) -> Iterator[Store]:
    """Where to put the files of a target."""
    if is_url(target):
        yield open_store(target)
        return
    Path(target).absolute().parent.mkdir(parents=True, exist_ok=True)
    with write_whole_folder(Path(target).absolute()) as folder:
        yield Folder(str(folder))


def _beside(target: str) -> Path | None:
    """A folder for unfinished files: on the disk of the target; for a URL, the system's."""
    return None if is_url(target) else Path(target).absolute().parent


def _write(dataset: PackedDataset, scratch: Path, store: Store, per_shard: int, progress: bool | None) -> Layout:
    layout = Layout(per_shard, {})

    def put(name: str) -> None:
        file = scratch / name
        layout.files[name] = (file.stat().st_size, checksum(file))
        store.put(file, name)

    arrays = [(file, kind) for file, kind in ARRAYS.items() if file in dataset.manifest["files"]]
    hide = None if progress is None else not progress
    with tqdm(total=len(dataset) * len(arrays), unit="image", disable=hide) as bar:
        for file, kind in arrays:
            for name in _write_array(dataset, file, kind, scratch, per_shard, bar):
                put(name)
    for name in (MANIFEST, *(name for name in dataset.manifest["files"] if name not in ARRAYS)):
        shutil.copyfile(dataset.path / name, scratch / name)
        put(name)
    write_text(scratch / SHARDS, layout.dump())
    store.put(scratch / SHARDS, SHARDS)
    return layout


def _write_array(
    dataset: PackedDataset, file: str, kind: str, scratch: Path, per_shard: int, bar: tqdm
) -> Iterator[str]:
    """Write the shards of images or label maps, and yield the name of each file once it is whole.

    Raises:
        ValueError: the packed file is not as its checksum says.
    """
    array = dataset.images if kind == "images" else dataset.labels
    writer = import_litdata("").streaming.writer.BinaryWriter(str(scratch / kind), chunk_size=per_shard)
    with (dataset.path / file).open("rb") as packed:
        digest = hashlib.blake2b(packed.read(array.offset), digest_size=16)  # type: ignore[union-attr]
    number = 0
    for index, row in enumerate(array):  # type: ignore[arg-type]
        digest.update(row)
        bar.update()
        if writer.add_item(index, row.tobytes()) is not None:
            yield shard_name(kind, number)
            number += 1
    for _ in writer.done():
        yield shard_name(kind, number)
        number += 1
    writer.merge()
    listing = scratch / kind / "index.json"
    content = json.loads(listing.read_text()) | {"updated_at": dataset.fingerprint}  # the time would differ each time
    write_text(listing, json.dumps(content))
    yield f"{kind}/index.json"
    if digest.hexdigest() != dataset.manifest.get("checksums", {}).get(file, digest.hexdigest()):
        raise packed_damaged(dataset.path, f"{file} was altered since it was packed (its checksum differs)")
