"""Shards in a folder: the packed dataset's bytes by index, in litdata's format; damage is one sentence."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hairgan.cli.prepare import prepare
from hairgan.data.batches import AttributeBatches, Batches, ParsingBatches, TranslationBatches
from hairgan.data.celebamask.writer import write_raw
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.shard_store import Bucket, open_store
from hairgan.data.sharding import write_shards
from hairgan.data.streamed_dataset import StreamedDataset, fetch_small_files
from tests.conftest import Faces

PER_SHARD = 16


@pytest.fixture(scope="module")
def packed(packed_faces: Callable[[int], Path]) -> PackedDataset:
    return PackedDataset.open(packed_faces(32))


@pytest.fixture(scope="module")
def whole(packed: PackedDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards") / "faces"
    write_shards(packed, str(folder), per_shard=PER_SHARD, progress=False)
    return folder


@pytest.fixture
def spoilt(whole: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "faces"))


def opened(folder: Path) -> StreamedDataset:
    store = open_store(str(folder))
    return StreamedDataset.open_shards(fetch_small_files(store, folder.parent / "cache"), store)


def run(*arguments: Any) -> str:
    result = CliRunner().invoke(prepare, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.stdout


def test_rows_are_those_of_the_packed_dataset(packed: PackedDataset, whole: Path) -> None:
    streamed = opened(whole)
    chosen = np.array([179, 0, 15, 16, 0, 31])
    np.testing.assert_array_equal(streamed.images[chosen], packed.images[chosen])
    np.testing.assert_array_equal(streamed.images[[3, 170]], packed.images[[3, 170]])
    np.testing.assert_array_equal(streamed.images[7], packed.images[7])
    np.testing.assert_array_equal(streamed.label_maps(chosen), packed.label_maps(chosen))
    assert streamed.images[chosen[:0]].shape == (0, 32, 32, 3) and len(streamed) == len(packed) == 180
    assert streamed.fingerprint == packed.fingerprint and streamed.attributes.equals(packed.attributes)
    assert streamed.skipped() == packed.skipped() and streamed.stamps() == packed.stamps()
    streamed.verify()


@pytest.mark.parametrize("order", ["counter", "permutation"])
@pytest.mark.parametrize("kind", [Batches, TranslationBatches, ParsingBatches, AttributeBatches])
def test_batches_of_two_epochs_and_two_processes_are_equal(
    kind: type[Batches], order: str, packed: PackedDataset, whole: Path
) -> None:
    membership = np.stack([packed.attributes[name].to_numpy() for name in ("Bangs", "Blond_Hair")], axis=1)
    shared = {"membership": membership, "domain_names": ["bang", "blond"], "batch_size": 12, "seed": 1, "order": order}
    for rank in (0, 1):
        pair = [kind(data, "train", rank=rank, world_size=2, **shared) for data in (packed, opened(whole))]
        for step in range(2 * 108 // 12):
            assert_equal_batches(*(batches.read(step) for batches in pair))
        for number in range(len(pair[0])):
            assert_equal_batches(*(batches.read_in_order(number) for batches in pair))


def assert_equal_batches(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name, strict=isinstance(a[name], np.ndarray))


def test_litdata_reads_them(packed: PackedDataset, whole: Path) -> None:
    litdata = pytest.importorskip("litdata", reason="needs litdata: pip install -e '.[streaming]'")
    images = litdata.StreamingDataset(str(whole / "images"))
    assert len(images) == 180 and images[37] == packed.images[37].tobytes()


def test_the_same_data_gives_the_same_files(packed: PackedDataset, whole: Path, tmp_path: Path) -> None:
    write_shards(packed, str(tmp_path / "again"), per_shard=PER_SHARD, progress=False)
    names = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert len(names) == 2 * 12 + 2 + 4  # shards and index of images and of label maps, three small files, the list
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (whole / name).read_bytes(), name


def test_pickles_as_its_place(packed: PackedDataset, whole: Path, spoilt: Path) -> None:
    assert len(pickle.dumps(opened(whole))) < 1000
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(opened(whole))).images[5], packed.images[5])
    stored = pickle.dumps(opened(spoilt))
    manifest = json.loads((spoilt / "manifest.json").read_text()) | {"fingerprint": "another"}
    (spoilt / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="was packed again while a process read it"):
        pickle.loads(stored)


def test_a_missing_or_short_shard_is_named(spoilt: Path) -> None:
    streamed, shard = opened(spoilt), spoilt / "images" / "chunk-0-2.bin"
    shard.write_bytes(shard.read_bytes()[:-1])
    for read in (lambda: opened(spoilt), lambda: streamed.images[[1, 47]]):
        with pytest.raises(ValueError, match=r"the shards in .*faces are damaged: .*images/chunk-0-2\.bin (has|ends)"):
            read()
    shard.unlink()
    for read in (lambda: opened(spoilt), lambda: streamed.images[[1, 47]]):
        with pytest.raises(ValueError, match=r"images/chunk-0-2\.bin is missing.*make them again"):
            read()
    np.testing.assert_array_equal(streamed.images[1], streamed.images[[1, 2]][0])


def test_altered_shards_are_found(spoilt: Path) -> None:
    shard = spoilt / "labels" / "chunk-0-0.bin"
    content = bytearray(shard.read_bytes())
    content[-1] = 255
    shard.write_bytes(content)
    with pytest.raises(ValueError, match=r"labels/chunk-0-0\.bin was altered since it was written"):
        run(spoilt, "--verify")
    with pytest.raises(ValueError, match=r"the label map of image 15 holds 255"):
        opened(spoilt).label_maps(np.array([3, 15]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"looked for hairgan-shards version 1 in shards\.json"),
        ('{"format": "hairgan-shards", "version": 2}', "looked for hairgan-shards version 1"),
        ('{"format": "hairgan-shards", "version": 1, "per_shard": 0, "files": {}}', "does not name the shards"),
        ('{"format": "hairgan-shards", "version": 1, "per_shard": 9, "files": {"a": 1}}', r"says 1 of a"),
        ('{"format": "hairgan-shards", "version": 1, "per_shard": 9, "files": {}}', "does not say 27728 bytes of im"),
    ],
)
def test_a_damaged_list_of_shards_is_refused(content: str, message: str, spoilt: Path) -> None:
    (spoilt / "shards.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        opened(spoilt)


def test_what_is_no_shards_is_refused(packed: PackedDataset, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"looked for shards\.json, written by .*, found no such folder"):
        opened(tmp_path / "absent")
    with pytest.raises(ValueError, match="found another folder"):
        opened(tmp_path)
    with pytest.raises(ValueError, match=r"found a packed dataset: read it with data=celeba_hq, or make shards of it"):
        opened(packed.path)
    with pytest.raises(ValueError, match=r"holds the shards of a dataset: read them with data=streaming data\.root="):
        PackedDataset.open(whole)
    with pytest.raises(ValueError, match=r"gs://a/b is no address of shards: give a folder, or s3://BUCKET/NAME"):
        open_store("gs://a/b")


def test_without_litdata_the_extra_is_named(packed: PackedDataset, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "litdata", None)
    with pytest.raises(ValueError, match=r"reading s3:// needs litdata: pip install -e '\.\[streaming\]'"):
        Bucket("s3://bucket/faces")
    with pytest.raises(ValueError, match="writing shards needs litdata"):
        write_shards(packed, str(tmp_path / "new"))


def test_the_command_packs_and_writes_shards(tmp_path: Path) -> None:
    people = [Faces(32)(index) for index in range(8)]
    write_raw([(item.image, item.labels, item.attributes) for item in people], tmp_path / "raw")
    printed = run(tmp_path / "raw", "--size", 16, "--out", tmp_path / "packed", "--shards", tmp_path / "shards")
    assert (
        "8 images of 16 px in" in printed and f"data=streaming data.root={tmp_path / 'shards'} image_size=16" in printed
    )
    np.testing.assert_array_equal(
        opened(tmp_path / "shards").images[[0, 7]], PackedDataset.open(tmp_path / "packed").images[[0, 7]]
    )
    assert "nothing to do" in run(tmp_path / "packed", "--shards", tmp_path / "shards")
    assert "all checksums are correct" in run(tmp_path / "shards", "--verify")
    with pytest.raises(ValueError, match="holds shards already: train with data=streaming"):
        run(tmp_path / "shards")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packed", "raw", "shards"]


def test_other_files_and_other_data_are_not_overwritten(
    packed: PackedDataset, packed_faces: Callable[[int], Path], whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match="exists and holds other files"):
        write_shards(packed, str(tmp_path))
    with pytest.raises(ValueError, match="holds the shards of another dataset"):
        write_shards(PackedDataset.open(packed_faces(64)), str(whole))


def test_shards_of_an_altered_dataset_are_not_written(packed: PackedDataset, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(packed.path, tmp_path / "copy"))
    with (copy / "images.npy").open("r+b") as file:
        file.seek(5000)
        file.write(b"\x01\x02\x03")
    with pytest.raises(ValueError, match=r"images\.npy was altered since it was packed"):
        write_shards(PackedDataset.open(copy), str(tmp_path / "shards"))
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
