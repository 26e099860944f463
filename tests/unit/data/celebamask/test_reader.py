"""The raw CelebAMask-HQ layout: what the writer writes the reader reads, and what is wrong is named."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from hairgan.cli.prepare import prepare
from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.names import ATTRIBUTES, CELEBA_ATTRIBUTES, IMAGES, MAPPING, MASKS
from hairgan.data.celebamask.writer import encode, orig_idx, raw_writer, write_raw
from hairgan.data.items import Skip
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.data.splits import FIRST_TEST, FIRST_VAL, hashed_split, official_split
from hairgan.regions import Region

COUNT = 8


def people() -> list[tuple[UInt8[ndarray, "h h 3"], UInt8[ndarray, "k k"], dict[str, Any]]]:
    """Smooth pictures, label maps of random 16 px tiles with a row of skin, random attributes."""
    out = []
    for index in range(COUNT):
        rng = np.random.default_rng(index)
        tiles = rng.integers(0, 19, (32, 32), dtype=np.uint8)
        tiles[0] = Region.SKIN
        image = np.asarray(Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)).resize((64, 64)))
        attributes = {name: bool(rng.integers(2)) for name in CELEBA_ATTRIBUTES}
        out.append((image, np.kron(tiles, np.ones((16, 16), dtype=np.uint8)), attributes))
    return out


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw dataset as a folder."""
    folder = tmp_path_factory.mktemp("raw") / "CelebAMask-HQ"
    write_raw(people(), folder)
    return folder


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset as a zip."""
    file = tmp_path_factory.mktemp("zipped") / "celeba.zip"
    write_raw(people(), file)
    return file


@pytest.fixture
def copy(raw: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to be spoilt."""
    return Path(shutil.copytree(raw, tmp_path / "CelebAMask-HQ"))


def test_round_trip(raw: Path) -> None:
    dataset = CelebAMaskHQ.open(raw)
    assert len(dataset) == COUNT
    for index, (image, labels, attributes) in enumerate(people()):
        np.testing.assert_array_equal(dataset.read_labels(index), labels)
        assert np.abs(dataset.read_image(index).astype(int) - image).mean() < 2  # a JPEG lies between
        assert dataset.read_attributes(index) == attributes
        assert dataset.split(index) == official_split(orig_idx(index))
    assert {dataset.split(index) for index in range(COUNT)} == {"train", "val", "test"}


def test_layout_is_the_published_one(raw: Path) -> None:
    assert sorted(path.name for path in raw.iterdir()) == sorted([IMAGES, MASKS, ATTRIBUTES, MAPPING])
    with Image.open(raw / MASKS / "0" / "00003_hair.png") as mask:
        assert mask.size == (512, 512) and mask.mode == "L"
        assert set(np.unique(np.asarray(mask))) == {0, 255}
    lines = (raw / ATTRIBUTES).read_text().splitlines()
    assert lines[0] == str(COUNT) and lines[1].split() == list(CELEBA_ATTRIBUTES)
    assert lines[2].startswith("0.jpg  ") and set(lines[2].split()[1:]) == {"1", "-1"}
    assert (raw / MAPPING).read_text().splitlines()[1].split() == ["0", "67124", "067125.jpg"]


def test_mask_folders_hold_2000_images() -> None:
    image, labels, _ = people()[0]
    assert f"{MASKS}/1/02000_skin.png" in encode(2000, image, labels)
    assert f"{MASKS}/0/01999_skin.png" in encode(1999, image, labels)


@pytest.mark.parametrize("inside", ["CelebAMask-HQ/", "", "a/b/"])
def test_zip_equals_folder(raw: Path, tmp_path: Path, inside: str) -> None:
    file = tmp_path / "celeba.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"__MACOSX/{inside}{IMAGES}/._0.jpg", b"x")
        for path in sorted(raw.rglob("*")):
            archive.write(path, inside + path.relative_to(raw).as_posix())
    folder, packed = CelebAMaskHQ.open(raw), CelebAMaskHQ.open(file)
    assert len(packed) == COUNT
    for index in range(COUNT):
        one, other = folder.item(index), packed.item(index)
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
        assert one[2] == other[2]


def test_the_parent_and_the_other_spelling_are_accepted(copy: Path) -> None:
    (copy / MASKS).rename(copy / "CelebAMaskHQ-mask-anno")
    assert CelebAMaskHQ.open(copy.parent).read_labels(2).shape == (512, 512)


def test_zip_and_folder_pack_to_the_same_fingerprint(raw: Path, zipped: Path, tmp_path: Path) -> None:
    prints = set()
    for source in (raw, zipped):
        dataset = CelebAMaskHQ.open(source)
        out = tmp_path / source.stem
        packing = pack(dataset.item, COUNT, out, size=32, source=dataset.describe(), workers=1)
        prints.add(packing.dataset.fingerprint)
    assert len(prints) == 1
    labels = PackedDataset.open(out).labels
    assert labels is not None
    np.testing.assert_array_equal(labels[5], people()[5][1][8::16, 8::16])


def test_later_parts_win(copy: Path) -> None:
    everywhere = Image.fromarray(np.full((512, 512), 255, dtype=np.uint8))
    folder = copy / MASKS / "0"
    dataset = CelebAMaskHQ.open(copy)
    for part, beats in (("eye_g", "nose"), ("r_eye", "eye_g"), ("hat", "hair"), ("neck", "neck_l"), ("cloth", "neck")):
        for path in folder.glob("00001_*.png"):
            path.unlink()
        for name in ("skin", part, beats):
            everywhere.save(folder / f"00001_{name}.png")
        dataset = CelebAMaskHQ.open(copy)
        assert np.unique(dataset.read_labels(1)).tolist() == [Region[part.upper()]]


def test_masks_of_any_mode_are_on_where_the_first_channel_is_not_0(copy: Path) -> None:
    mask = np.zeros((512, 512), dtype=np.uint8)
    mask[100:200, 50:60] = 1  # not only 255 counts
    expected = mask > 0
    skin = copy / MASKS / "0" / "00001_skin.png"
    for path in skin.parent.glob("00001_*.png"):
        path.unlink()
    rgb = np.stack([mask, 255 - mask, mask], axis=-1)  # the second channel does not count
    palette = Image.fromarray(mask, "P")
    palette.putpalette([0, 0, 0, 128, 0, 0])
    for image in (Image.fromarray(mask), Image.fromarray(rgb), palette, Image.fromarray(mask * 255).convert("1")):
        image.save(skin)
        np.testing.assert_array_equal(CelebAMaskHQ.open(copy).read_labels(1) == Region.SKIN, expected)


def test_official_split() -> None:
    assert [official_split(x) for x in (0, FIRST_VAL - 1, FIRST_VAL, FIRST_TEST - 1, FIRST_TEST, 202_598)] == [
        "train", "train", "val", "val", "test", "test",
    ]  # fmt: skip
    assert (FIRST_VAL, FIRST_TEST) == (162_771, 182_638)


def test_written_mapping_has_celebas_proportions() -> None:
    indices = [orig_idx(index) for index in range(30_000)]
    assert len(set(indices)) == 30_000 and min(indices) >= 0 and max(indices) < 202_599
    counts = Counter(map(official_split, indices))
    assert (counts["train"], counts["val"], counts["test"]) == pytest.approx((24_100, 2_940, 2_960), abs=60)
    assert {official_split(index) for index in indices[:5]} == {"train", "val", "test"}


def test_without_the_mapping_the_split_is_a_hash_of_the_name(copy: Path) -> None:
    (copy / MAPPING).unlink()
    dataset = CelebAMaskHQ.open(copy)
    assert dataset.describe()["split"] == "hash of the name"
    assert [dataset.split(index) for index in range(COUNT)] == [hashed_split(f"{index}.jpg") for index in range(COUNT)]
    counts = Counter(hashed_split(f"{index}.jpg") for index in range(10_000))
    assert (counts["train"], counts["val"], counts["test"]) == pytest.approx((8000, 1000, 1000), abs=120)


def test_mapping_without_header(copy: Path) -> None:
    lines = (copy / MAPPING).read_text().splitlines()
    (copy / MAPPING).write_text("\n".join(lines[1:]))
    assert CelebAMaskHQ.open(copy).split(1) == official_split(orig_idx(1))


def spoil(folder: Path) -> dict[str, tuple[str, str]]:
    """Damage one item each; returns the expected reason and a word of the detail by name."""
    (folder / IMAGES / "0.jpg").unlink()
    (folder / IMAGES / "1.jpg").write_bytes((folder / IMAGES / "1.jpg").read_bytes()[:400])
    Image.new("RGB", (64, 48)).save(folder / IMAGES / "2.jpg")
    masks = folder / MASKS / "0"
    (masks / "00003_skin.png").unlink()
    Image.new("L", (256, 256)).save(masks / "00004_hair.png")
    (masks / "00005_hair.png").write_bytes(b"no picture")
    attributes = (folder / ATTRIBUTES).read_text().splitlines()
    (folder / ATTRIBUTES).write_text("\n".join(line for line in attributes if not line.startswith("6.jpg")))
    return {
        "0.jpg": ("missing image", ""),
        "1.jpg": ("unreadable image", "is damaged or incomplete"),
        "2.jpg": ("size mismatch", "64 x 48 px is not square"),
        "3.jpg": ("missing parts", "no skin among its"),
        "4.jpg": ("size mismatch", "hair of 256 x 256 px"),
        "5.jpg": ("unreadable part", "hair"),
        "6.jpg": ("missing in the attribute file", ""),
    }


def test_skipped_with_reasons_and_names(copy: Path, tmp_path: Path) -> None:
    expected = spoil(copy)
    source = CelebAMaskHQ.open(copy)
    data = pack(source.item, COUNT, tmp_path / "out", size=32, source=source.describe(), workers=1).dataset
    assert data.attributes["name"].to_list() == ["7.jpg"]
    skipped = {entry["name"]: (entry["reason"], entry["detail"]) for entry in data.skipped()}
    assert skipped.keys() == expected.keys()
    for name, (reason, detail) in expected.items():
        assert skipped[name][0] == reason and detail in skipped[name][1]


def test_skip_is_a_sentence(copy: Path) -> None:
    spoil(copy)
    with pytest.raises(Skip, match=r"3\.jpg: missing parts \(no skin among its \d+ parts\)"):
        CelebAMaskHQ.open(copy).read_labels(3)


@pytest.mark.parametrize("missing", [IMAGES, MASKS, ATTRIBUTES])
def test_what_was_looked_for_and_what_was_found(copy: Path, missing: str) -> None:
    path = copy / missing
    path.rename(copy / "renamed")
    with pytest.raises(ValueError, match=rf"not CelebAMask-HQ: looked for .* missing {missing}; found .*renamed"):
        CelebAMaskHQ.open(copy)


def test_not_celebamask(tmp_path: Path, zipped: Path) -> None:
    with pytest.raises(ValueError, match="found nothing there"):
        CelebAMaskHQ.open(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"not CelebAMask-HQ: .* found nothing"):
        CelebAMaskHQ.open(tmp_path)
    half = tmp_path / "half.zip"
    half.write_bytes(zipped.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"nor a whole zip file \(5000 bytes\): is the download complete"):
        CelebAMaskHQ.open(half)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("notes/a.txt", "x")
    with pytest.raises(ValueError, match=r"not CelebAMask-HQ: .* found notes"):
        CelebAMaskHQ.open(other)


def test_damaged_attribute_file(copy: Path) -> None:
    text = (copy / ATTRIBUTES).read_text()
    (copy / ATTRIBUTES).write_text(text.replace("1.jpg  1", "1.jpg  ").replace("1.jpg  -1", "1.jpg  "))
    with pytest.raises(ValueError, match=rf"{ATTRIBUTES}, line 4: 39 values of 1\.jpg for 40 attributes"):
        CelebAMaskHQ.open(copy)
    (copy / ATTRIBUTES).write_text("<html>quota exceeded</html>")
    with pytest.raises(ValueError, match="found '<html>"):
        CelebAMaskHQ.open(copy)


def test_writer_never_overwrites_and_cleans_up(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="exists already"):
        write_raw(people(), raw)

    def interrupted() -> Any:
        yield people()[0]
        raise KeyboardInterrupt

    for name in ("folder", "file.zip"):
        with pytest.raises(KeyboardInterrupt):
            write_raw(interrupted(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["folder", "file.zip"])
def test_two_writers_of_one_dataset(tmp_path: Path, name: str) -> None:
    image, labels, attributes = people()[0]
    with raw_writer(tmp_path / name) as writer:
        writer.add(encode(0, image, labels), attributes)
        with pytest.raises(OSError, match=rf"{name} is in use by process"):
            write_raw(people(), tmp_path / name)
    assert len(CelebAMaskHQ.open(tmp_path / name)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_prepare_command_reports(copy: Path, tmp_path: Path) -> None:
    spoil(copy)
    arguments = [str(copy), "--size", "32", "--out", str(tmp_path / "out"), "--workers", "1"]
    result = CliRunner().invoke(prepare, arguments, catch_exceptions=False)
    assert "1 images of 32 px" in result.output
    assert "splits:  train 1, val 0, test 0" in result.output
    assert "long_perm" in result.output
    assert "size mismatch 2: 2.jpg (photo of 64 x 48 px is not square), 4.jpg" in result.output
    assert "images/s per core" in result.output
    assert f"data=celeba_hq data.root={tmp_path / 'out'}" in result.output
    again = CliRunner().invoke(prepare, arguments, catch_exceptions=False)
    assert "nothing to do" in again.output


def test_prepare_takes_image_folders_and_a_limit(raw: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        for domain in ("blond", "bob"):
            shutil.copytree(raw / IMAGES, tmp_path / "photos" / split / domain)
    arguments = [str(tmp_path / "photos"), "--size", "16", "--out", str(tmp_path / "out"), "--limit", "9"]
    result = CliRunner().invoke(prepare, [*arguments, "--workers", "1"], catch_exceptions=False)
    assert "domains: blond 8, bob 1" in result.output
    assert "data=image_folder" in result.output


def test_opened_zip_can_be_sent_to_a_worker(zipped: Path) -> None:
    dataset = CelebAMaskHQ.open(zipped)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset)).read_image(3), dataset.read_image(3))
