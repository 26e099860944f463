"""Opening a packed dataset: what is damaged is named in one sentence, and never accepted or a trace."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hairgan.cli.prepare import prepare
from hairgan.data.batches import Batches
from hairgan.data.items import Item
from hairgan.data.measured_attributes import measure
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack

COUNT = 6


def item(index: int) -> Item:
    rng = np.random.default_rng(index)
    image = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    labels = rng.integers(0, 19, (16, 16), dtype=np.uint8)
    attributes: dict[str, Any] = {"name": f"{index}.jpg", "split": ("train", "val", "test")[index % 3]}
    attributes |= {"Bangs": bool(index & 1), "hair_length": None, "hair_area": 0.1 * index}
    return Item(image, labels, attributes)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "data"
    stamps = {f"{index}.jpg": str(index) for index in range(COUNT)}
    pack(item, COUNT, out, size=16, workers=1, source={"kind": "test"}, stamps=stamps)
    return out


@pytest.fixture
def spoilt(whole: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "data"))


def change_manifest(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def without_checksums(folder: Path) -> None:
    """As packed before there were checksums: then sizes and contents have to tell."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.pop("checksums", None)
    manifest["files"] = {name: (folder / name).stat().st_size for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_pickles_as_its_path(whole: Path) -> None:
    data = PackedDataset.open(whole)
    assert len(pickle.dumps(data)) < 500
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(data)).images, data.images)


def test_not_a_packed_dataset(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"looked for a packed dataset .* found nothing there"):
        PackedDataset.open(tmp_path / "absent")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"found notes\.txt"):
        PackedDataset.open(tmp_path)
    with pytest.raises(ValueError, match="found a file of 1 bytes"):
        PackedDataset.open(tmp_path / "notes.txt")
    (tmp_path / "manifest.json").write_text('{"name": "web app"}')
    with pytest.raises(ValueError, match=r"another kind of manifest\.json"):
        PackedDataset.open(tmp_path)
    manifest = json.loads((whole / "manifest.json").read_text()) | {"version": 99}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="version 1, found hairgan-packed version 99"):
        PackedDataset.open(tmp_path)


def test_damaged(whole: Path, tmp_path: Path) -> None:
    for name, content in files(whole).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "images.npy").write_bytes((whole / "images.npy").read_bytes()[:-5])
    size = (whole / "images.npy").stat().st_size
    with pytest.raises(ValueError, match=rf"images.npy has {size - 5} bytes, manifest.json says {size} bytes"):
        PackedDataset.open(tmp_path)
    (tmp_path / "images.npy").unlink()
    with pytest.raises(ValueError, match=r"damaged: images\.npy is missing"):
        PackedDataset.open(tmp_path)


def replace_labels(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        np.save(folder / "labels.npy", change(np.load(folder / "labels.npy")))
        without_checksums(folder)

    return spoil


def replace_attributes(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        change(pl.read_parquet(folder / "attributes.parquet")).write_parquet(folder / "attributes.parquet")
        without_checksums(folder)

    return spoil


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)
        without_checksums(folder)

    return spoil


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: write(name, (folder / name).read_bytes()[:-40])(folder)


def flip_parquet(folder: Path) -> None:
    content = bytearray((folder / "attributes.parquet").read_bytes())
    content[30] ^= 255
    (folder / "attributes.parquet").write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no count": (lambda f: change_manifest(f, count=None), "says count None"),
    "count true": (lambda f: change_manifest(f, count=True), "says count True"),
    "count text": (lambda f: change_manifest(f, count="6"), "says count '6'"),
    "size negative": (lambda f: change_manifest(f, size=-16), "says size -16"),
    "size huge": (lambda f: change_manifest(f, size=10**9), r"images\.npy is uint8 of shape"),
    "files list": (lambda f: change_manifest(f, files=["images.npy"]), "does not give numbers by name"),
    "files none": (lambda f: change_manifest(f, files={}), "lists the files"),
    "file elsewhere": (
        lambda f: change_manifest(f, files={"../../x": 3}),
        "which are not those of a packed dataset",
    ),
    "splits": (lambda f: change_manifest(f, splits={"train": 6}), "says splits"),
    "splits exchanged": (
        lambda f: change_manifest(f, splits={"train": 1, "val": 3, "test": 2}),
        "says the splits",
    ),
    "fingerprint": (lambda f: change_manifest(f, fingerprint=None), "says fingerprint None"),
    "parameters": (lambda f: change_manifest(f, parameters=None), "says parameters None"),
    "checksums": (lambda f: change_manifest(f, checksums=["x"]), "says checksums"),
    "labels of 19": (replace_labels(lambda labels: np.maximum(labels, 19)), "holds 19, regions are 0 to 18"),
    "labels of 255": (replace_labels(lambda labels: labels * 0 + 255), "holds 255, regions are 0 to 18"),
    "labels int64": (replace_labels(lambda labels: labels.astype(np.int64)), "found int64"),
    "labels float": (replace_labels(lambda labels: labels.astype(np.float32)), "found float32"),
    "labels objects": (replace_labels(lambda labels: labels.astype(object)), r"labels\.npy is not an array"),
    "labels fewer": (replace_labels(lambda labels: labels[:4]), r"found uint8 of shape \(4, 16, 16\)"),
    "labels Fortran": (replace_labels(np.asfortranarray), "in Fortran order"),
    "labels are a zip": (write("labels.npy", b"PK\3\4" + b"x" * 300), "not an array"),
    "labels empty": (write("labels.npy", b""), "not an array"),
    "images cut": (cut("images.npy"), r"images\.npy is not an array"),
    "images no header": (write("images.npy", b"\x93NUMPY\1\0\x10\0{'descr': (((((("), "not an array"),
    "parquet cut": (cut("attributes.parquet"), "cannot be read"),
    "parquet text": (write("attributes.parquet", b"no table at all"), "cannot be read"),
    "parquet flipped": (flip_parquet, "its checksum differs"),
    "rows": (replace_attributes(lambda t: t.head(4)), r"says 6 images, attributes\.parquet has 4 rows"),
    "no names": (replace_attributes(lambda t: t.drop("name")), "has no column 'name'"),
    "numbers for names": (replace_attributes(lambda t: t.with_columns(name=pl.lit(3))), "of type Int32, not String"),
    "names twice": (replace_attributes(lambda t: t.with_columns(name=pl.lit("a"))), "not unique"),
    "other split": (replace_attributes(lambda t: t.with_columns(split=pl.lit("dev"))), "'dev': 6"),
    "text for a number": (
        replace_attributes(lambda t: t.with_columns(hair_area=pl.lit("x"))),
        "'hair_area' .* is of type String, not Float64",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_damage_is_one_sentence(spoilt: Path, kind: str) -> None:
    spoil, sentence = DAMAGE[kind]
    spoil(spoilt)
    with pytest.raises(ValueError, match=rf"the packed dataset .* is damaged: .*{sentence}.*; delete it and pack"):
        PackedDataset.open(spoilt)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "x"}'])
def test_another_kind_of_manifest(spoilt: Path, content: bytes) -> None:
    (spoilt / "manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"another kind of manifest\.json"):
        PackedDataset.open(spoilt)


def test_skipped_and_stamps_that_are_damaged(spoilt: Path) -> None:
    for name, read in (("skipped.json", PackedDataset.skipped), ("source.json", PackedDataset.stamps)):
        for content in (b"[3]", b"{}x", b'{"a": 3}'):
            write(name, content)(spoilt)
            with pytest.raises(ValueError, match=name.replace(".", r"\.")):
                read(PackedDataset.open(spoilt))


def test_a_label_that_is_no_region_is_seen_when_it_is_read(tmp_path: Path) -> None:
    """However few maps are looked at when the dataset is opened."""
    data = pack(item, 200, tmp_path / "data", size=16, workers=1, source={"kind": "test"}).dataset
    labels = np.load(data.path / "labels.npy", mmap_mode="r+")
    labels[1, 3, 3] = 77
    labels.flush()
    data = PackedDataset.open(data.path)
    with pytest.raises(ValueError, match="the label map of image 1 holds 77"):
        data.label_maps(np.array([0, 1, 2]))
    batches = Batches(data, "val", membership=np.ones((200, 1), bool), domain_names=["all"], batch_size=66, seed=0)
    with pytest.raises(ValueError, match="the label map of image 1 holds 77"):
        batches.read_in_order(0)
    with pytest.raises(ValueError, match=r"labels\.npy was altered"):
        data.verify()


FILES = ["images.npy", "labels.npy", "attributes.parquet", "skipped.json", "source.json"]


@pytest.mark.parametrize(("name", "old"), [*((name, False) for name in FILES), *((name, True) for name in FILES[:2])])
def test_verify_sees_any_flipped_byte(spoilt: Path, name: str, old: bool) -> None:
    """Of datasets from before there were checksums only the arrays: their fingerprint is of these."""
    content = bytearray((spoilt / name).read_bytes())
    content[-3] ^= 1
    if old:
        without_checksums(spoilt)
    (spoilt / name).write_bytes(content)
    result = CliRunner().invoke(prepare, [str(spoilt), "--verify"])
    assert isinstance(result.exception, ValueError) and "altered since it was packed" in str(result.exception)


def test_verify_of_what_is_whole(whole: Path, spoilt: Path) -> None:
    result = CliRunner().invoke(prepare, [str(whole), "--verify"], catch_exceptions=False)
    assert "6 images of 16 px, all checksums are correct" in result.output
    without_checksums(spoilt)
    PackedDataset.open(spoilt).verify()
    with pytest.raises(ValueError, match="is a packed dataset already"):
        CliRunner().invoke(prepare, [str(whole)], catch_exceptions=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn, valid: Any) -> Any:
    """A valid JSON value with one to three of its parts replaced, deleted, or added to."""
    value = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        at = value
        while isinstance(at, dict) and at:
            key = draw(st.sampled_from(sorted(at)))
            if isinstance(at[key], dict) and at[key] and draw(st.booleans()):
                at = at[key]
                continue
            how = draw(st.sampled_from(["replace", "delete", "add"]))
            if how == "replace":
                at[key] = draw(JSON)
            elif how == "delete":
                del at[key]
            else:
                at[draw(st.text(max_size=8))] = draw(JSON)
            break
    return value


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutated_manifest_never_is_a_trace(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "mutated"
    if not folder.exists():
        shutil.copytree(whole, folder)
    valid = json.loads((whole / "manifest.json").read_text())
    manifest = data.draw(mutated(valid))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    try:
        dataset = PackedDataset.open(folder)
        dataset.verify()
        dataset.skip_report()
        dataset.stamps()
    except (ValueError, OSError):
        return
    assert all(manifest[key] == valid[key] for key in ("size", "count", "splits"))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mutated_bytes_of_any_file_never_are_a_trace(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "mutated"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    name = data.draw(st.sampled_from(FILES))
    content = bytearray((folder / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(len(content), 400) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.sampled_from([len(content), len(content) // 2, len(content)]))]
    (folder / name).write_bytes(content)
    if data.draw(st.booleans()):
        without_checksums(folder)
    try:
        dataset = PackedDataset.open(folder)
        dataset.verify()
        dataset.skipped()
        dataset.stamps()
    except (ValueError, OSError):
        return
    if name in ("images.npy", "labels.npy"):  # then nothing was changed, except perhaps spaces in a header
        np.testing.assert_array_equal(np.load(folder / name), np.load(whole / name))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), size=st.integers(1, 24))
def test_every_label_map_can_be_measured(data: st.DataObject, size: int) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    regions = data.draw(st.lists(st.integers(0, 18), min_size=1, max_size=6))
    labels = rng.choice(np.array(regions, np.uint8), (size, size))
    measured = measure(labels, {"Straight_Hair": True})
    assert 0 <= float(measured["hair_area"] or 0) <= 1 and measured["hair_length"] in (None, "short", "bob", "long")
    covered = measured["forehead_covered"]
    assert covered is None or 0 <= float(covered) <= 1
