"""Files that are whole or not there."""

from pathlib import Path

import pytest

from hairgan.files import write_bytes, write_text, write_whole


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"), write_whole(path, "w") as file:
        file.write("half of the new")
        file.flush()
        raise OSError("disk full")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    write_text(path, "Frisör\n")
    assert path.read_bytes() == "Frisör\n".encode()


def test_links_are_followed_and_modes_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "a.bin", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_bytes(link, b"new")
    assert link.is_symlink() and path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o640


def test_names_of_the_longest_length_work(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_bytes(path, b"x")
    assert path.read_bytes() == b"x"


def test_other_modes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'a'"), write_whole(tmp_path / "a", "a"):
        pass


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as raised, write_whole(tmp_path / "a.txt", "w"):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(tmp_path / "a.txt") and not list(tmp_path.iterdir())
