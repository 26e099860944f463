"""Image folders: the official StarGAN v2 layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hairgan.data.image_folder import ImageFolder
from hairgan.data.packing import Skip, pack
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


def test_another_list_of_files_is_another_source(tmp_path: Path) -> None:
    photo(tmp_path, "train/bob/a.png")
    before = ImageFolder.open(tmp_path).describe()
    (tmp_path / "train" / "bob" / "a.png").rename(tmp_path / "train" / "bob" / "b.png")
    assert ImageFolder.open(tmp_path).describe()["names"] != before["names"]
