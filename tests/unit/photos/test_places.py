"""Nothing that exists is overwritten unasked, and never a source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hairgan.photos.places import check_folder, check_free, identities, result_place, result_stems


def test_places_that_are_taken(tmp_path: Path) -> None:
    source, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.touch()
    other.touch()
    (tmp_path / "link.jpg").symlink_to(source)
    os.link(source, tmp_path / "hard.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    (tmp_path / "other.jpg").symlink_to(other)
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    sources = identities([source, tmp_path / "gone.jpg"])
    check_free(tmp_path / "new.jpg", sources)
    check_free(other, sources, overwrite=True)
    for name in ("a.jpg", "link.jpg", "hard.jpg"):
        with pytest.raises(ValueError, match="is one of the photos themselves"):
            check_free(tmp_path / name, sources, overwrite=True)
    for name in ("b.jpg", "dangling.jpg"):
        with pytest.raises(ValueError, match=rf"{name} exists already: choose another name"):
            check_free(tmp_path / name, sources)
    for name, message in (
        ("folder.jpg", "is a folder"),
        ("pipe.jpg", "is not a regular file"),
        ("dangling.jpg", "is a link"),
        ("other.jpg", "is a link"),
        ("b.jpg/c.jpg", "b.jpg is no"),
    ):
        with pytest.raises(ValueError, match=message):
            check_free(tmp_path / name, overwrite=True)
    with pytest.raises(OSError, match="too long"):
        check_free(tmp_path / ("x" * 300))
    check_folder(tmp_path / "not" / "yet")
    with pytest.raises(ValueError, match=r"b\.jpg is not a folder"):
        check_folder(other / "deeper")


def test_results_have_names_of_their_own() -> None:
    assert result_stems(["a.jpg", "b.png", "c/a.jpg"]) == ["a", "b", "c/a"]
    assert result_stems(["a.jpg", "A.PNG", "b.png"]) == ["a.jpg", "A.PNG", "b"]
    assert result_stems(["x.jpg", "x.png", "x.jpg.png"]) == ["x.jpg", "x.png", "x.jpg.png"]
    assert result_stems(["v1.2.jpg", "noise"]) == ["v1.2", "noise"]


def test_names_leave_room_for_what_stands_beside_them(tmp_path: Path) -> None:
    place = result_place(tmp_path, "me", "dyed", ".png")
    assert place == tmp_path / "me_dyed.png"
    long = result_place(tmp_path, "x" * 251, "dyed", ".png")
    long.touch()
    long.with_name(f"{long.stem}_compare.jpg").touch()
    assert result_place(tmp_path, "x" * 250 + "y", "dyed", ".png") != long
