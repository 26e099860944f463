"""The files of raw CelebAMask-HQ as people have them: other names, other things among them, damaged ones."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.files import MAX_FILE
from hairgan.data.celebamask.names import ATTRIBUTES, IMAGES, MAPPING, MASKS
from hairgan.data.celebamask.writer import write_raw
from hairgan.data.items import Skip
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.sources import open_source, pack_source

COUNT = 4
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nshowpage\n"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = np.ones((64, 64), np.uint8)
    labels[:20] = 13
    items = [(np.full((32, 32, 3), 50 * i, np.uint8), labels, {"Bangs": i == 1}) for i in range(COUNT)]
    folder = tmp_path_factory.mktemp("raw") / "CelebAMask-HQ"
    write_raw(items, folder)
    return folder


@pytest.fixture
def raw(original: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to be changed."""
    return Path(shutil.copytree(original, tmp_path / "CelebAMask-HQ"))


def zipped(raw: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    path = raw.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(file for file in raw.rglob("*") if file.is_file()):
            archive.write(file, file.relative_to(raw.parent))
    return path


def packed(source: Path) -> PackedDataset:
    return pack_source(open_source(source), source.with_name("packed"), size=16, workers=1, say=lambda _: None).dataset


def skipped(data: PackedDataset) -> dict[str, str]:
    return {entry["name"]: f"{entry['reason']}: {entry['detail']}" for entry in data.skipped()}


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize(
    ("photo", "mask"),
    [
        ("{:05d}.jpg", "{:05d}_{}.png"),
        ("{}.JPG", "{}_{}.png"),
        ("{:06d}.png", "{:04d}_{}.PNG"),
        ("{}.jpeg", "{}_{}.png"),
    ],
)
def test_names_are_read_however_they_are_padded(raw: Path, archive: bool, photo: str, mask: str) -> None:
    expected = packed(raw).fingerprint
    shutil.rmtree(raw.with_name("packed"))
    for path in list((raw / IMAGES).iterdir()):
        path.rename(path.with_name(photo.format(int(path.stem))))
    for path in list((raw / MASKS / "0").iterdir()):
        index, part = path.stem.split("_", 1)
        path.rename(path.with_name(mask.format(int(index), part)))
    assert packed(zipped(raw) if archive else raw).fingerprint == expected


@pytest.mark.parametrize("archive", [False, True])
def test_of_several_files_the_official_name_wins(raw: Path, archive: bool) -> None:
    expected = packed(raw).fingerprint
    shutil.rmtree(raw.with_name("packed"))
    for name in ("00001.jpg", "1.png", "1.JPG"):
        Image.new("RGB", (32, 32), "red").save(raw / IMAGES / name, "PNG")
    (raw / MASKS / "1").mkdir()
    for name in ("0/1_hair.png", "1/00001_hair.png", "1/1_hair.png"):
        Image.new("L", (512, 512), 0).save(raw / MASKS / name)
    assert packed(zipped(raw) if archive else raw).fingerprint == expected


def folder_for_a_photo(raw: Path) -> None:
    (raw / IMAGES / "1.jpg").unlink()
    (raw / IMAGES / "1.jpg").mkdir()


def dangling_link(raw: Path) -> None:
    (raw / IMAGES / "1.jpg").unlink()
    (raw / IMAGES / "1.jpg").symlink_to("nowhere.jpg")


def link_to_itself(raw: Path) -> None:
    (raw / IMAGES / "1.jpg").unlink()
    (raw / IMAGES / "1.jpg").symlink_to("1.jpg")
    (raw / "again").symlink_to(".")
    (raw / MASKS / "9").symlink_to(".")


def pipe(raw: Path) -> None:
    (raw / IMAGES / "1.jpg").unlink()
    os.mkfifo(raw / IMAGES / "1.jpg")
    os.mkfifo(raw / MASKS / "0" / "00001_cloth.png")


def postscript_photo(raw: Path) -> None:
    (raw / IMAGES / "1.jpg").write_bytes(POSTSCRIPT)


def postscript_mask(raw: Path) -> None:
    (raw / MASKS / "0" / "00001_hair.png").write_bytes(POSTSCRIPT)


def folder_for_a_mask(raw: Path) -> None:
    (raw / MASKS / "0" / "00001_skin.png").unlink()
    (raw / MASKS / "0" / "00001_skin.png").mkdir()


def masks_without_a_photo(raw: Path) -> None:
    (raw / IMAGES / "1.jpg").unlink()


def huge_photo(raw: Path) -> None:
    with (raw / IMAGES / "1.jpg").open("wb") as file:
        file.truncate(MAX_FILE + 1)


def huge_mask(raw: Path) -> None:
    Image.new("1", (12_000, 12_000)).save(raw / MASKS / "0" / "00001_skin.png")


ONE_BAD: list[tuple[Callable[[Path], None], str]] = [
    (folder_for_a_photo, "missing image"),
    (dangling_link, "missing image"),
    (link_to_itself, "missing image"),
    (pipe, "missing image"),
    (postscript_photo, "not a picture of a known format"),
    (postscript_mask, "hair: the mask is not a picture of a known format"),
    (folder_for_a_mask, "no skin"),
    (masks_without_a_photo, "missing image"),
    (huge_photo, "at most 128 are read"),
    (huge_mask, "skin: the mask is too large"),
]


@pytest.mark.parametrize(("spoil", "reason"), ONE_BAD)
def test_one_bad_file_never_stops_the_rest(raw: Path, spoil: Callable[[Path], None], reason: str) -> None:
    spoil(raw)
    data = packed(raw)
    assert data.attributes["name"].to_list() == ["0.jpg", "2.jpg", "3.jpg"]
    assert list(skipped(data)) == ["1.jpg"] and reason in skipped(data)["1.jpg"]


@pytest.mark.parametrize(("spoil", "reason"), [(s, r) for s, r in ONE_BAD if s in (postscript_photo, postscript_mask)])
def test_postscript_in_a_zip(raw: Path, spoil: Callable[[Path], None], reason: str) -> None:
    spoil(raw)
    assert reason in skipped(packed(zipped(raw, zipfile.ZIP_DEFLATED)))["1.jpg"]


def test_a_photo_that_is_deleted_between_look_up_and_reading(raw: Path) -> None:
    source = CelebAMaskHQ.open(raw)
    (raw / IMAGES / "1.jpg").unlink()
    with pytest.raises(Skip, match=r"1\.jpg: unreadable image \(No such file or directory\)"):
        source.item(1)


def test_an_error_of_the_machine_is_not_the_files(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CelebAMaskHQ.open(raw)

    def no_descriptors(path: Path) -> bytes:
        raise OSError(24, "Too many open files", str(path))

    monkeypatch.setattr(Path, "read_bytes", no_descriptors)
    with pytest.raises(OSError, match="Too many open files"):
        source.item(1)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("what", ["photo", "mask"])
def test_a_flipped_byte_is_seen_by_the_checksum(raw: Path, compression: int, what: str) -> None:
    path = zipped(raw, compression)
    name = f"{IMAGES}/1.jpg" if what == "photo" else f"{MASKS}/0/00001_hair.png"
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(f"{raw.name}/{name}")
    content = bytearray(path.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 4
    path.write_bytes(content)
    data = packed(path)
    assert list(skipped(data)) == ["1.jpg"] and "damaged in the zip" in skipped(data)["1.jpg"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_one_file_compressed_in_another_way(raw: Path, method: int) -> None:
    path = zipped(raw)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(file for file in raw.rglob("*") if file.is_file()):
            archive.write(file, file.relative_to(raw.parent), method if file.name == "1.jpg" else zipfile.ZIP_STORED)
    assert f"in an unusual way (method {method})" in skipped(packed(path))["1.jpg"]


def test_an_encrypted_file(raw: Path) -> None:
    path = zipped(raw)
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo(f"{raw.name}/{IMAGES}/1.jpg").header_offset
    content = bytearray(path.read_bytes())
    content[offset + 6] |= 1
    path.write_bytes(content)
    assert "encrypted" in skipped(packed(path))["1.jpg"]


def test_a_directory_that_points_elsewhere(raw: Path) -> None:
    path = zipped(raw)
    content = bytearray(path.read_bytes())
    at = content.rindex(f"{raw.name}/{IMAGES}/1.jpg".encode()) - 46  # in the directory
    for offset in (5, len(content) - 3, 2**31):
        content[at + 42 : at + 46] = struct.pack("<I", offset)
        path.write_bytes(content)
        with pytest.raises(Skip, match="does not begin where the zip's directory says"):
            CelebAMaskHQ.open(path).item(1)


def test_bombs_in_a_zip(raw: Path) -> None:
    """What is larger than any photo is not unpacked, nor is more than what was announced."""
    path = raw.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(file for file in raw.rglob("*") if file.is_file()):
            content = bytes(MAX_FILE + 2**20) if file.name == "1.jpg" else file.read_bytes()
            archive.writestr(f"{raw.name}/{file.relative_to(raw).as_posix()}", content)
    assert "it has 129 MiB unpacked, at most 128 are read" in skipped(packed(path))["1.jpg"]
    content = bytearray(path.read_bytes())
    at = content.rindex(f"{raw.name}/{IMAGES}/1.jpg".encode()) - 46
    content[at + 24 : at + 28] = struct.pack("<I", 1000)  # it says 1,000 bytes
    path.write_bytes(content)
    with pytest.raises(Skip, match="its checksum is wrong"):
        CelebAMaskHQ.open(path).item(1)


@pytest.mark.parametrize("name", [ATTRIBUTES, MAPPING])
def test_a_bomb_for_a_text_file(raw: Path, name: str) -> None:
    (raw / name).write_bytes(bytes((1 << 26) + 1))
    with pytest.raises(ValueError, match=rf"{name} has 64 MiB.* at most 64 are read"):
        CelebAMaskHQ.open(raw)
    with pytest.raises(ValueError, match=rf"{name} has 64 MiB.* at most 64 are read"):
        CelebAMaskHQ.open(zipped(raw, zipfile.ZIP_DEFLATED))


def test_a_folder_or_pipe_for_a_text_file(raw: Path) -> None:
    (raw / ATTRIBUTES).unlink()
    (raw / ATTRIBUTES).mkdir()
    with pytest.raises(ValueError, match=f"{ATTRIBUTES} is not a file"):
        CelebAMaskHQ.open(raw)
    (raw / ATTRIBUTES).rmdir()
    os.mkfifo(raw / ATTRIBUTES)
    with pytest.raises(ValueError, match=f"{ATTRIBUTES} is not a file"):
        CelebAMaskHQ.open(raw)


def test_a_pipe_or_device_for_the_dataset(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    for path in (tmp_path / "pipe.zip", Path("/dev/zero")):
        with pytest.raises(ValueError, match="found a pipe or a device"):
            CelebAMaskHQ.open(path)


@pytest.mark.parametrize("hidden", [".Trash", "@eaDir", "__MACOSX"])
@pytest.mark.parametrize("archive", [False, True])
def test_hidden_copies_do_not_count(raw: Path, tmp_path: Path, hidden: str, archive: bool) -> None:
    around = tmp_path / "around"
    for place in (around / hidden, around):
        shutil.copytree(raw, place / raw.name)
    Image.new("RGB", (32, 32), "red").save(around / hidden / raw.name / IMAGES / "1.jpg")
    (around / raw.name / IMAGES / ".ipynb_checkpoints").mkdir()
    (around / raw.name / IMAGES / "._1.jpg").write_bytes(b"\0\5\26\7")
    source = CelebAMaskHQ.open(zipped(around) if archive else around)
    assert len(source) == COUNT and abs(int(source.read_image(1).mean()) - 50) < 3


@pytest.mark.parametrize("place", [10, 22, 100, -10, -20, -60])
def test_a_damaged_zip_is_a_sentence(raw: Path, place: int) -> None:
    good = zipped(raw).read_bytes()
    for byte in (0, 1, 128, 255):
        content = bytearray(good)
        content[place] = byte
        raw.with_suffix(".zip").write_bytes(content)
        try:
            source = CelebAMaskHQ.open(raw.with_suffix(".zip"))
            for index in range(len(source)):
                source.item(index)
        except ValueError as error:  # Skip is one
            assert str(error)
