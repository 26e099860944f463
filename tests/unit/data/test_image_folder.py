"""Image folders: the official StarGAN v2 layout."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hairgan.data.image_folder import ImageFolder
from hairgan.data.items import Skip
from hairgan.data.packing import pack
from hairgan.data.sources import pack_source
from hairgan.data.splits import hashed_split


def photo(root: Path, name: str, size: tuple[int, int] = (16, 16)) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    left = Image.new("RGB", size)
    left.paste((255, 255, 255), (0, 0, size[0] // 4, size[1]))
    left.save(path)


def test_sorted_by_split_domain_and_name(tmp_path: Path) -> None:
    for name in (
        "val/short/a.png",
        "train/short/b.JPG",
        "train/bob/z.webp",
        "train/bob/deep/y.jpeg",
        "train/short/a.png",
    ):
        photo(tmp_path, name)
    (tmp_path / "train" / "bob" / "notes.txt").touch()
    photo(tmp_path, "train/beside.png")  # in no domain
    folder = ImageFolder.open(tmp_path)
    assert folder.files == (
        "train/bob/deep/y.jpeg", "train/bob/z.webp", "train/short/a.png", "train/short/b.JPG", "val/short/a.png",
    )  # fmt: skip
    assert folder.domains() == ("bob", "short")
    attributes = [folder.item(index)[2] for index in range(len(folder))]
    assert [a["domain"] for a in attributes] == ["bob", "bob", "short", "short", "short"]
    assert [a["split"] for a in attributes] == ["train"] * 4 + ["val"]


def test_without_val_photos_are_kept_back_by_a_hash(tmp_path: Path) -> None:
    for number in range(40):
        photo(tmp_path, f"train/bob/{number}.png")
    folder = ImageFolder.open(tmp_path)
    splits = [folder.split(index) for index in range(40)]
    assert splits == [hashed_split(file) for file in folder.files] and set(splits) == {"train", "val", "test"}


def test_links_are_followed(tmp_path: Path) -> None:
    photo(tmp_path, "elsewhere/bob/a.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train").symlink_to(tmp_path / "elsewhere")
    assert ImageFolder.open(tmp_path / "data").files == ("train/bob/a.png",)


def test_oblong_photos_give_their_middle(tmp_path: Path) -> None:
    photo(tmp_path, "train/bob/wide.png", size=(32, 16))  # white: columns 0 to 7
    assert np.all(ImageFolder.open(tmp_path).read_image(0) == 0)
    photo(tmp_path, "train/bob/tall.png", size=(16, 32))
    assert ImageFolder.open(tmp_path).read_image(0).shape == (16, 16, 3)


def test_packs_without_labels_and_skips_what_is_unreadable(tmp_path: Path) -> None:
    photo(tmp_path, "in/train/bob/a.png")
    (tmp_path / "in" / "train" / "bob" / "b.png").write_text("text")
    folder = ImageFolder.open(tmp_path / "in")
    data = pack(folder.item, 2, tmp_path / "out", size=8, source=folder.describe(), labels=False, workers=1).dataset
    assert data.labels is None and data.attributes["domain"].to_list() == ["bob"]
    assert [entry["name"] for entry in data.skipped()] == ["train/bob/b.png"]
    with pytest.raises(Skip, match="not a picture"):
        folder.read_image(1)


def test_what_was_looked_for_and_found(tmp_path: Path) -> None:
    photo(tmp_path, "images/a.png")
    with pytest.raises(ValueError, match=r"looked for train/<domain>/\*\.jpg .* found images"):
        ImageFolder.open(tmp_path)
    photo(tmp_path, "train/a.png")
    with pytest.raises(ValueError, match="found no photos in folders"):
        ImageFolder.open(tmp_path)
    photo(tmp_path, "train/bob/a.png")
    photo(tmp_path, "val/short/a.png")
    with pytest.raises(ValueError, match="train has the domains bob, but not short"):
        ImageFolder.open(tmp_path)


def test_hidden_and_system_entries_are_neither_domains_nor_photos(tmp_path: Path) -> None:
    for name in ("train/bob/a.png", "train/.ipynb_checkpoints/a-checkpoint.png", "train/@eaDir/a.png", "val/bob/b.png"):
        photo(tmp_path, name)
    photo(tmp_path, "train/bob/.ipynb_checkpoints/a-checkpoint.png")
    photo(tmp_path, "train/bob/@eaDir/SYNO_THUMB.png")
    photo(tmp_path, "val/.Trash-1000/files/x.png")
    (tmp_path / "train" / "bob" / "._a.png").write_bytes(b"\0\5\26\7")
    folder = ImageFolder.open(tmp_path)
    assert folder.files == ("train/bob/a.png", "val/bob/b.png") and folder.domains() == ("bob",)
    assert folder.left_out == "6 hidden or system entries"


def test_links_in_circles_and_to_nowhere_and_pipes(tmp_path: Path) -> None:
    for name in ("train/bob/a.png", "train/short/b.png", "val/bob/c.png", "val/short/d.png"):
        photo(tmp_path, name)
    bob = tmp_path / "train" / "bob"
    (bob / "again").symlink_to(".")
    (bob / "up").symlink_to("..")
    (bob / "root").symlink_to("../..")
    (tmp_path / "train" / "short" / "root").symlink_to(tmp_path, target_is_directory=True)
    (bob / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(bob / "pipe.png")
    (bob / "folder.png").mkdir()
    (tmp_path / "train" / "circle").symlink_to("circle")
    folder = ImageFolder.open(tmp_path)
    assert folder.files == ("train/bob/a.png", "train/short/b.png", "val/bob/c.png", "val/short/d.png")
    assert "1 broken links" in folder.left_out and "1 pipes, sockets or devices" in folder.left_out


def test_a_domain_may_be_a_link_also_to_another_split(tmp_path: Path) -> None:
    photo(tmp_path, "train/bob/a.png")
    photo(tmp_path, "elsewhere/b.png")
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "bob").symlink_to("../train/bob")
    (tmp_path / "train" / "short").symlink_to("../elsewhere")
    assert ImageFolder.open(tmp_path).files == ("train/bob/a.png", "train/short/b.png", "val/bob/a.png")


def test_all_suffixes_of_photos(tmp_path: Path) -> None:
    names = ["a.BMP", "b.tiff", "c.TIF", "d.gif", "e.jfif", "f.JPEG", "g.webp"]
    for name in names:
        image = Image.new("RGB", (16, 16))
        path = tmp_path / "train" / "bob" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, "JPEG" if name == "e.jfif" else None)
    folder = ImageFolder.open(tmp_path)
    assert [folder.item(index)[2]["name"] for index in range(len(folder))] == [f"train/bob/{name}" for name in names]


def test_postscript_named_as_a_photo(tmp_path: Path) -> None:
    photo(tmp_path, "train/bob/a.png")
    (tmp_path / "train" / "bob" / "b.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n")
    with pytest.raises(Skip, match=r"b\.jpg: unreadable image \(is not a picture of a known format"):
        ImageFolder.open(tmp_path).read_image(1)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    photo(tmp_path, "train/bob/a.png")
    try:
        (tmp_path / "train" / "bob" / "a.png").rename(tmp_path / "train" / "bob" / os.fsdecode(b"\xff\xe4.png"))
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    photo(tmp_path, "train/bob/z.png")
    folder = ImageFolder.open(tmp_path)
    data = pack_source(folder, tmp_path / "out", size=8, workers=1).dataset
    assert sorted(data.attributes["name"]) == ["train/bob/\\xff\\xe4.png", "train/bob/z.png"]
    assert pack_source(ImageFolder.open(tmp_path), tmp_path / "out", size=8, workers=1).processed == 0
