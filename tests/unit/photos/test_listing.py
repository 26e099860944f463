"""What counts as a photo in a folder, whatever else lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hairgan.photos.listing import (
    BROKEN_LINKS,
    HIDDEN,
    REPEATED,
    RESULTS,
    SPECIAL_FILES,
    UNREADABLE,
    list_photos,
)
from hairgan.photos.names import printable, shortened_name


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_photos_of_all_suffixes_in_a_stable_order(tmp_path: Path) -> None:
    names = ["B.JPG", "a.jpeg", "b/a.png", "b/c/d.TIFF", "c.webp", "d.bmp", "e.heic", "f.avif", "g.gif"]
    touch(tmp_path, *reversed(names), "notes.txt", "b/journal.jsonl", "jpg")
    listing = list_photos(tmp_path)
    assert list(listing.names) == names and len(listing) == len(names)
    assert not listing.skipped and listing.remark() == ""
    assert listing.paths()[2] == tmp_path / "b" / "a.png"


def test_hidden_and_system_entries_are_left_out_and_counted(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "._a.jpg", ".ipynb_checkpoints/a-checkpoint.jpg", "@eaDir/SYNO_THUMB.jpg", ".DS_Store")
    touch(tmp_path, "x/.Trash-1000/b.jpg", "x/__MACOSX/b.jpg", "x/.thumbnails/b.png", "x/Thumbnails/b.png")
    listing = list_photos(tmp_path)
    assert listing.names == ("a.jpg",) and listing.skipped == {HIDDEN: 7}
    assert listing.remark() == "hidden or system entries (7)"
    assert list_photos(tmp_path / ".ipynb_checkpoints").names == ("a-checkpoint.jpg",), "asked for by name"


def test_links(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/z.jpg", "photos/a/1.jpg", "photos/b/2.jpg")
    photos = tmp_path / "photos"
    (photos / "again").symlink_to(".")
    (photos / "a" / "up").symlink_to("..")
    (photos / "a" / "beside").symlink_to("../b")
    (photos / "linked").symlink_to(tmp_path / "elsewhere")
    (photos / "linked.jpg").symlink_to(tmp_path / "elsewhere" / "z.jpg")
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    (photos / "circle.jpg").symlink_to("circle.jpg")
    listing = list_photos(photos)
    assert listing.names == ("a/1.jpg", "b/2.jpg", "linked.jpg", "linked/z.jpg")
    assert listing.skipped == {REPEATED: 3, BROKEN_LINKS: 2}


def test_what_is_no_file(tmp_path: Path) -> None:
    touch(tmp_path, "3.jpg/inside.png")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    listing = list_photos(tmp_path)
    assert listing.names == ("3.jpg/inside.png",) and listing.skipped == {SPECIAL_FILES: 2}


def test_folders_that_are_not_wanted_or_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "out/b.jpg", "closed/c.jpg")
    scandir = os.scandir

    def refusing(path: Path):  # as root, permissions stop nobody
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = list_photos(tmp_path, leave_out=lambda folder: folder.name == "out")
    assert listing.names == ("a.jpg",) and listing.skipped == {RESULTS: 1, UNREADABLE: 1}
    with pytest.raises(PermissionError):
        list_photos(tmp_path / "closed")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a folder"):
        list_photos(tmp_path / "no")
    touch(tmp_path, ".hidden.jpg", "text.txt")
    with pytest.raises(ValueError, match=r"found none \(left out: hidden or system entries \(1\)\)"):
        list_photos(tmp_path)
    assert list_photos(tmp_path, may_be_empty=True).names == ()


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(path)).touch()
    (name,) = list_photos(tmp_path).names
    assert os.fsencode(tmp_path / name) == path
    assert printable(name) == "caf\\xe9.jpg" and printable("café.jpg") == "café.jpg"
    assert printable("two\nlines\x1b[31m.jpg") == "two\\nlines\\x1b[31m.jpg"
    assert printable("half a pair \ud800") == "half a pair \\ud800"


def test_names_that_are_too_long(tmp_path: Path) -> None:
    assert shortened_name("a", "_dyed.png", tmp_path) == "a_dyed.png"
    for stem in ("x" * 250, "ü" * 125, "x" + "ü" * 124):
        name = shortened_name(stem, "_dyed.png", tmp_path / "not" / "there")
        assert 252 <= len(os.fsencode(name)) <= 255 and name.endswith("_dyed.png")
        name.encode()
        assert name != shortened_name(stem + "y", "_dyed.png", tmp_path)
        (tmp_path / name).touch()
