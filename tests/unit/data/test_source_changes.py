"""A source that changed since it was packed: noticed, reported, and packed again; the rest is not read again."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.names import ATTRIBUTES, IMAGES
from hairgan.data.celebamask.writer import write_raw
from hairgan.data.image_folder import ImageFolder
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import Packing
from hairgan.data.packing_workers import CHUNK
from hairgan.data.source_changes import Changes
from hairgan.data.sources import open_source, pack_source


def photo(path: Path, gray: int, size: int = 16) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size, size), (gray, gray, gray)).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two domains of three photos."""
    for number in range(6):
        photo(tmp_path / "photos" / "train" / ("ann", "cat")[number % 2] / f"{number}.png", 10 * number)
        photo(tmp_path / "photos" / "val" / ("ann", "cat")[number % 2] / f"{number}.png", 10 * number)
    return tmp_path / "photos"


def packed(source: Path, out: Path) -> tuple[Packing, str]:
    """Pack, and what was said."""
    said: list[str] = []
    return pack_source(open_source(source), out, size=8, workers=1, say=said.append), "; ".join(said)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_as_if_packed_whole(source: Path, out: Path, tmp_path: Path) -> None:
    packed(source, tmp_path / "whole")
    assert files(out) == files(tmp_path / "whole")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(out.name + ".")]


def test_new_changed_and_gone_photos_and_domains(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert packed(photos, out)[0].processed == 12
    assert packed(photos, out)[0].processed == 0
    photo(photos / "train" / "bob" / "new.png", 200)
    photo(photos / "train" / "ann" / "2.png", 99, size=24)
    (photos / "val" / "cat" / "1.png").unlink()
    packing, said = packed(photos, out)
    assert "1 photo new, 1 photo changed, 1 photo gone, domain 'bob' new since it was packed: packing again" in said
    assert packing.processed == 2 and packing.changes is not None
    data = packing.dataset
    names = data.attributes["name"].to_list()
    assert len(data) == 12 and "val/cat/1.png" not in names
    assert data.images[names.index("train/bob/new.png")].mean() == 200
    assert data.images[names.index("train/ann/2.png")].mean() == 99
    assert_as_if_packed_whole(photos, out, tmp_path)


def test_a_photo_replaced_by_one_of_the_same_size_in_bytes(photos: Path, tmp_path: Path) -> None:
    packed(photos, tmp_path / "out")
    path = photos / "train" / "cat" / "3.png"
    before = path.stat()
    photo(path, 31)
    assert path.stat().st_size == before.st_size
    packing, said = packed(photos, tmp_path / "out")
    assert "1 photo changed" in said
    names = packing.dataset.attributes["name"].to_list()
    assert packing.dataset.images[names.index("train/cat/3.png")].mean() == 31


def test_other_data_at_the_same_path(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    packed(photos, out)
    shutil.rmtree(photos)
    for split in ("train", "val"):
        photo(photos / split / "ann" / "0.png", 222)
    packing, said = packed(photos, out)
    assert "10 photos gone, domain 'cat' gone" in said
    assert len(packing.dataset) == 2 and np.all(packing.dataset.images == 222)


def test_nothing_is_read_again_where_nothing_changed(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(photos, tmp_path / "out")
    photo(photos / "train" / "ann" / "6.png", 60)
    read: list[str] = []
    read_image = ImageFolder.read_image

    def reading(self: ImageFolder, index: int) -> np.ndarray:
        read.append(self.name(index))
        return read_image(self, index)

    monkeypatch.setattr(ImageFolder, "read_image", reading)
    packed(photos, tmp_path / "out")
    assert read == ["train/ann/6.png"]


def test_nothing_is_taken_over_from_a_packed_dataset_that_was_altered(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    packed(photos, out)
    images = bytearray((out / "images.npy").read_bytes())
    images[-5] ^= 255
    (out / "images.npy").write_bytes(images)
    photo(photos / "train" / "ann" / "6.png", 60)
    assert packed(photos, out)[0].processed == 13
    assert_as_if_packed_whole(photos, out, tmp_path)


@pytest.mark.parametrize("change", ["other photo", "new photo", "photo gone"])
def test_killed_and_continued_on_a_changed_source(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    for number in range(2 * CHUNK):
        photo(photos / "train" / "cat" / f"more{number}.png", number)
    item = ImageFolder.item

    def stopping(self: ImageFolder, index: int) -> object:
        if index == CHUNK + 3:
            raise KeyboardInterrupt
        return item(self, index)

    monkeypatch.setattr(ImageFolder, "item", stopping)
    with pytest.raises(KeyboardInterrupt):
        packed(photos, tmp_path / "out")
    monkeypatch.undo()
    changed = photos / "train" / "ann" / ("1.png" if change == "new photo" else "0.png")
    if change == "photo gone":
        changed.unlink()
    else:
        photo(changed, 250)
    said = packed(photos, tmp_path / "out")[1]
    assert "since this packing was interrupted: beginning again" in said
    assert_as_if_packed_whole(photos, tmp_path / "out", tmp_path)


def test_killed_while_packing_again_keeps_the_old_dataset_and_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for number in range(2 * CHUNK):
        photo(photos / "train" / "cat" / f"more{number}.png", number)
    fingerprint = packed(photos, out)[0].dataset.fingerprint
    photo(photos / "val" / "cat" / "1.png", 77)
    item = ImageFolder.item

    def stopping(self: ImageFolder, index: int) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageFolder, "item", stopping)
    with pytest.raises(KeyboardInterrupt):
        packed(photos, out)
    assert PackedDataset.open(out).fingerprint == fingerprint
    monkeypatch.setattr(ImageFolder, "item", item)
    assert packed(photos, out)[0].processed == 1
    assert_as_if_packed_whole(photos, out, tmp_path)


def test_killed_between_the_renames(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    packed(photos, out)
    photo(photos / "val" / "cat" / "1.png", 77)
    rename = Path.rename

    def killed(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        packed(photos, out)
    monkeypatch.undo()
    assert not out.exists()
    packed(photos, out)
    assert_as_if_packed_whole(photos, out, tmp_path)


def test_what_else_is_in_a_replaced_folder_stays(photos: Path, tmp_path: Path) -> None:
    packed(photos, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    photo(photos / "val" / "cat" / "1.png", 77)
    said = packed(photos, tmp_path / "out")[1]
    (kept,) = tmp_path.glob("out.replaced-*/*")
    assert kept.read_text() == "mine" and str(kept.parent) in said


def test_a_dataset_packed_before_there_were_stamps(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    packed(photos, out)
    manifest = json.loads((out / "manifest.json").read_text())
    del manifest["checksums"], manifest["files"]["source.json"]
    manifest["parameters"]["source"] = {"kind": "image-folder", "path": str(photos)}
    (out / "manifest.json").write_text(json.dumps(manifest))
    (out / "source.json").unlink()
    assert packed(photos, out)[0].processed == 0
    photo(photos / "val" / "cat" / "9.png", 77)
    packing, said = packed(photos, out)
    assert "1 photo new" in said and packing.processed == 13


def test_a_limit_is_another_dataset(photos: Path, tmp_path: Path) -> None:
    source = open_source(photos)
    pack_source(source, tmp_path / "out", size=8, workers=1)
    with pytest.raises(ValueError, match="choose another folder or delete this one"):
        pack_source(source, tmp_path / "out", size=8, workers=1, limit=3)
    assert len(pack_source(source, tmp_path / "few", size=8, workers=1, limit=3).dataset) == 3
    with pytest.raises(ValueError, match="'limit': 3"):
        pack_source(source, tmp_path / "few", size=8, workers=1)


def test_a_process_that_has_the_dataset_open(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    old = packed(photos, out)[0].dataset
    pixels = np.array(old.images)
    photo(photos / "val" / "cat" / "1.png", 77)
    packed(photos, out)
    np.testing.assert_array_equal(old.images, pixels)  # what it has open stays
    function, arguments = old.__reduce__()  # a worker process that starts now would see other images
    with pytest.raises(ValueError, match="was packed again while a process read it"):
        function(*arguments)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Four people in the raw layout."""
    labels = np.ones((64, 64), np.uint8)
    items = [(np.full((32, 32, 3), 50 * i, np.uint8), labels, {"Bangs": i == 1}) for i in range(4)]
    write_raw(items, tmp_path / "raw")
    return tmp_path / "raw"


def test_a_repaired_attribute_file(raw: Path, tmp_path: Path) -> None:
    assert packed(raw, tmp_path / "out")[0].dataset.attributes["Bangs"].to_list() == [False, True, False, False]
    names, *rows = (raw / ATTRIBUTES).read_text().splitlines()[1:]
    values = rows[3].split()
    values[1 + names.split().index("Bangs")] = "1"
    (raw / ATTRIBUTES).write_text("\n".join(["4", names, *rows[:3], " ".join(values)]) + "\n")
    packing, said = packed(raw, tmp_path / "out")
    assert "1 photo changed" in said and packing.processed == 1
    assert packing.dataset.attributes["Bangs"].to_list() == [False, True, False, True]


def test_a_mask_replaced_and_one_that_is_new(raw: Path, tmp_path: Path) -> None:
    packed(raw, tmp_path / "out")
    folder = raw / "CelebAMask-HQ-mask-anno" / "0"
    Image.new("L", (512, 512), 255).save(folder / "00002_hair.png")
    packing, said = packed(raw, tmp_path / "out")
    assert "1 photo changed" in said and packing.dataset.labels is not None
    assert np.all(packing.dataset.labels[2] == 13) and np.all(packing.dataset.labels[1] == 1)
    time = (folder / "00001_skin.png").stat().st_mtime + 2
    os.utime(folder / "00001_skin.png", (time, time))
    assert packed(raw, tmp_path / "out")[0].processed == 1


def test_a_zip_downloaded_again(raw: Path, tmp_path: Path) -> None:
    """A directory says nothing of damage to the files, so a zip that was replaced is read again."""
    archive = tmp_path / "raw.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for path in sorted(raw.rglob("*")):
            stored.write(path, path.relative_to(raw))
    good = archive.read_bytes()
    start = good.index(b"JFIF")
    archive.write_bytes(good[: start + 100] + bytes([good[start + 100] ^ 255]) + good[start + 101 :])
    broken = packed(archive, tmp_path / "out")[0].dataset
    assert len(broken) == 3 and "damaged in the zip" in broken.skipped()[0]["detail"]
    archive.write_bytes(good)
    os.utime(archive, (1, 1))
    assert len(packed(archive, tmp_path / "out")[0].dataset) == 4


def test_a_zip_replaced_while_it_is_read(raw: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "raw"), "zip", raw))
    source = CelebAMaskHQ.open(archive)
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(OSError, match="was changed while it was read: run the same command again"):
        source.item(0)


def test_missing_photo_comes_back(raw: Path, tmp_path: Path) -> None:
    (raw / IMAGES / "3.jpg").rename(tmp_path / "3.jpg")
    assert len(packed(raw, tmp_path / "out")[0].dataset) == 3
    (tmp_path / "3.jpg").rename(raw / IMAGES / "3.jpg")
    assert len(packed(raw, tmp_path / "out")[0].dataset) == 4


def test_a_sentence_of_each_kind() -> None:
    before = {"train/a/1": "x", "train/b/1": "x", "train/b/2": "x"}
    assert Changes.between(before, dict(before)) is None
    now = {"train/a/1": "y", "train/c/1": "x"}
    assert (
        str(Changes.between(before, now))
        == "1 photo new, 1 photo changed, 2 photos gone, domain 'c' new, domain 'b' gone"
    )
    assert str(Changes.between({"1.jpg": "x"}, {"1.jpg": "y"})) == "1 photo changed"
