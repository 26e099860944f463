"""Packing: same result whatever the workers and interruptions; nothing half-written looks whole."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from hairgan.data import packing_workers, unfinished_dataset
from hairgan.data.items import Item, Skip
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.data.packing_workers import CHUNK

SOURCE = {"kind": "test", "seed": 3}
COUNT = 50


def item(index: int) -> Item:
    if index % 9 == 4:
        raise Skip(f"{index}.jpg", "unreadable image" if index % 2 else "missing parts", f"detail {index}")
    rng = np.random.default_rng(index)
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 19, (16, 16), dtype=np.uint8)
    attributes: dict[str, Any] = {"name": f"{index}.jpg", "split": ("train", "val", "test")[index % 3]}
    attributes |= {"Bangs": bool(index & 1), "hair_length": None, "hair_area": 0.1 * index}
    return Item(image, labels, attributes)


class Stopping:
    """The item function, until it is asked for item `stop`."""

    def __init__(self, stop: int) -> None:
        self.stop = stop

    def __call__(self, index: int) -> Item:
        if index == self.stop:
            raise KeyboardInterrupt
        return item(index)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset packed in one go."""
    out = tmp_path_factory.mktemp("whole") / "data"
    pack(item, COUNT, out, size=16, workers=1, source=SOURCE)
    return out


def test_content(whole: Path) -> None:
    data = PackedDataset.open(whole)
    kept = [i for i in range(COUNT) if i % 9 != 4]
    assert len(data) == len(kept) and data.size == 16 and data.labels is not None
    for row, index in enumerate(kept):
        image, labels, attributes = item(index)
        expected = np.asarray(Image.fromarray(image).resize((16, 16), Image.Resampling.BICUBIC))
        np.testing.assert_array_equal(data.images[row], expected)
        np.testing.assert_array_equal(data.labels[row], labels)  # already at the packed size
        assert data.attributes.row(row, named=True) == attributes
    assert data.split("val").tolist() == [row for row, index in enumerate(kept) if index % 3 == 1]
    assert data.split("val").dtype == np.int64
    assert data.attributes.schema["hair_length"] == pl.String  # typed even though every value is unknown
    assert data.skipped()[:2] == [
        {"name": "4.jpg", "reason": "missing parts", "detail": "detail 4"},
        {"name": "13.jpg", "reason": "unreadable image", "detail": "detail 13"},
    ]
    assert data.manifest["skipped"] == {"missing parts": 3, "unreadable image": 3}
    assert sum(data.manifest["splits"].values()) == len(kept)


def test_interrupted_twice_and_continued_is_the_same_to_the_byte(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    for stop in (20, 45):
        with pytest.raises(KeyboardInterrupt):
            pack(Stopping(stop), COUNT, out, size=16, workers=1, source=SOURCE)
        assert not out.exists()
        with pytest.raises(ValueError, match=r"unfinished data\.partial"):
            PackedDataset.open(out)
    with (tmp_path / "data.partial" / unfinished_dataset.JOURNAL).open("a") as journal:
        journal.write('{"index": 49, "attrib')  # a line torn by a crash
    packed = pack(item, COUNT, out, size=16, workers=1, source=SOURCE)
    assert packed.processed == COUNT - 2 * CHUNK
    assert files(out) == files(whole)
    assert not (tmp_path / "data.partial").exists()


def test_interrupted_while_finishing(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "data"
    squeeze = unfinished_dataset._squeeze

    def squeeze_images_only(path: Path, kept: list[int]) -> None:
        if path.name == "labels.npy":
            raise KeyboardInterrupt
        squeeze(path, kept)

    monkeypatch.setattr(unfinished_dataset, "_squeeze", squeeze_images_only)
    with pytest.raises(KeyboardInterrupt):
        pack(item, COUNT, out, size=16, workers=1, source=SOURCE)
    monkeypatch.undo()
    assert pack(item, COUNT, out, size=16, workers=1, source=SOURCE).processed == 0
    assert files(out) == files(whole)


def test_workers_make_the_same_dataset(whole: Path, tmp_path: Path) -> None:
    pack(item, COUNT, tmp_path / "data", size=16, source=SOURCE, workers=2)
    assert files(tmp_path / "data") == files(whole)


def dying(index: int) -> Item:
    if index == 40:
        os._exit(1)
    return item(index)


def test_death_of_a_worker_is_survived(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"a worker process died.* the same command continues"):
        pack(dying, COUNT, tmp_path / "data", size=16, source=SOURCE, workers=2)
    pack(item, COUNT, tmp_path / "data", size=16, source=SOURCE, workers=1)
    assert files(tmp_path / "data") == files(whole)


@pytest.mark.parametrize("error", [errno.ENOSPC, None])
def test_a_full_disk(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int | None) -> None:
    """The system writes a part of a row, or says that there is no room."""

    class Full:
        def __init__(self, file: Any) -> None:
            self.file, self.name = file, file.name

        def write(self, row: memoryview) -> int:
            if self.file.tell() > 30_000:
                if error is not None:
                    raise OSError(error, "No space left on device")
                return 100
            return int(self.file.write(row))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    open_rows = packing_workers._Rows.__init__

    def open_full(self: Any, path: Path) -> None:
        open_rows(self, path)
        self.file = Full(self.file)

    monkeypatch.setattr(packing_workers._Rows, "__init__", open_full)
    with pytest.raises(OSError, match=r"the disk of .*images\.npy is full: make room, then the same command continues"):
        pack(item, COUNT, tmp_path / "data", size=16, workers=1, source=SOURCE)
    monkeypatch.undo()
    assert 0 < pack(item, COUNT, tmp_path / "data", size=16, workers=1, source=SOURCE).processed < COUNT
    assert files(tmp_path / "data") == files(whole)


@pytest.mark.parametrize("spoil", ["journal", "parameters", "array", "line"])
def test_an_unfinished_folder_that_is_damaged(whole: Path, tmp_path: Path, spoil: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        pack(Stopping(45), COUNT, tmp_path / "data", size=16, workers=1, source=SOURCE)
    partial = tmp_path / "data.partial"
    if spoil == "journal":
        (partial / unfinished_dataset.JOURNAL).write_bytes(b"\0" * 500)
    elif spoil == "parameters":
        (partial / unfinished_dataset.PARAMETERS).write_text("")
    elif spoil == "array":
        (partial / "labels.npy").write_bytes(b"")
    else:
        lines = (partial / unfinished_dataset.JOURNAL).read_text().splitlines()
        lines[3] = '{"index": 3, "attributes": {"name": 3}}'
        lines[5] = "\0\0\0"
        lines[7] = '{"index": 7000, "skipped": {}}'
        (partial / unfinished_dataset.JOURNAL).write_text("\n".join(lines) + "\n")
    pack(item, COUNT, tmp_path / "data", size=16, workers=1, source=SOURCE)
    assert files(tmp_path / "data") == files(whole)


def test_two_at_once_share_one_result(whole: Path, tmp_path: Path) -> None:
    def run(_: int) -> int:
        return pack(item, COUNT, tmp_path / "data", size=16, source=SOURCE, workers=1).processed

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(run, range(3))) == [0, 0, COUNT]
    assert files(tmp_path / "data") == files(whole)


def test_packing_again_reads_nothing(whole: Path) -> None:
    assert pack(Stopping(0), COUNT, whole, size=16, workers=1, source=SOURCE).processed == 0


def test_other_parameters_are_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="made with size 16, and not with size 8"):
        pack(item, COUNT, whole, size=8, workers=1, source=SOURCE)
    with pytest.raises(KeyboardInterrupt):
        pack(Stopping(20), COUNT, tmp_path / "data", size=16, workers=1, source=SOURCE)
    with pytest.raises(ValueError, match=r"data.partial was made with source .*'seed': 3.* and not with .*'seed': 4"):
        pack(item, COUNT, tmp_path / "data", size=16, workers=1, source=SOURCE | {"seed": 4})


def test_fingerprint_sees_every_part(whole: Path, tmp_path: Path) -> None:
    def changed(part: str) -> str:
        def other(index: int) -> Item:
            image, labels, attributes = item(index)
            assert labels is not None
            if index == 30:
                if part == "image":
                    image = image ^ 255
                elif part == "labels":
                    labels = 18 - labels
                else:
                    attributes |= {"Bangs": True}
            return Item(image, labels, attributes)

        return pack(other, COUNT, tmp_path / part, size=16, workers=1, source=SOURCE).dataset.fingerprint

    prints = {changed(part) for part in ("image", "labels", "attributes")}
    assert len(prints | {PackedDataset.open(whole).fingerprint}) == 4
    elsewhere = pack(item, COUNT, tmp_path / "elsewhere", size=16, workers=1, source=SOURCE | {"path": "elsewhere"})
    assert elsewhere.dataset.fingerprint == PackedDataset.open(whole).fingerprint


def test_without_labels(tmp_path: Path) -> None:
    data = pack(item, 4, tmp_path / "data", size=16, workers=1, source=SOURCE, labels=False).dataset
    assert data.labels is None and len(data) == 4


def test_everything_skipped(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"all 1 items were skipped.*missing parts \(1\)"):
        pack(skip_all, 1, tmp_path / "data", size=16, workers=1, source=SOURCE)
    assert list(tmp_path.iterdir()) == []


def skip_all(index: int) -> Item:
    raise Skip(str(index), "missing parts")


def test_where_a_dataset_can_be_packed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "theirs.partial").mkdir()
    (tmp_path / "theirs.partial" / "notes.txt").write_text("mine")
    for name in ("empty", os.fsdecode(b"caf\xe9")):
        packed = pack(item, 3, tmp_path / name, size=16, source=SOURCE, labels=True, workers=1)
        assert len(PackedDataset.open(tmp_path / name)) == len(packed.dataset) == 3
    with pytest.raises(ValueError, match=r"holds other files \('notes\.txt'\)"):
        pack(item, 3, tmp_path / "theirs", size=16, source=SOURCE, labels=True, workers=1)
    assert (tmp_path / "theirs.partial" / "notes.txt").read_text() == "mine"
    with pytest.raises(ValueError, match="looked for a packed dataset"):
        pack(item, 3, tmp_path / "gone", size=16, source=SOURCE, labels=True, workers=1)
