"""Files that are whole or not there."""

from pathlib import Path

import pytest

from hairgan.files import PARTIAL, put_in_place, write_bytes, write_text, write_whole, write_whole_folder


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


def test_a_finished_file_gets_its_name(tmp_path: Path) -> None:
    path, partial = tmp_path / "a.bin", tmp_path / "a.partial"
    path.write_bytes(b"old")
    partial.write_bytes(b"new")
    put_in_place(partial, path)
    assert path.read_bytes() == b"new" and not partial.exists()


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(OSError, match="disk full"), write_whole_folder(path) as folder:
        (folder / "half.txt").write_text("half")
        raise OSError("disk full")
    assert not list(tmp_path.iterdir())
    with write_whole_folder(path) as folder:
        assert folder.name.startswith(PARTIAL) and not path.exists()
        (folder / "b.txt").write_text("whole")
    assert [file.name for file in path.iterdir()] == ["b.txt"] and [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_folder_is_replaced_whole_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "old.txt").write_text("old")
    with write_whole_folder(path) as folder:
        (folder / "new.txt").write_text("new")
    assert [file.name for file in path.iterdir()] == ["new.txt"]

    def rename(folder: Path, target: Path, was=Path.rename) -> Path:
        if target == path and ".old" not in folder.name:
            raise OSError("no space")
        return was(folder, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="no space"), write_whole_folder(path) as folder:
        (folder / "newer.txt").write_text("newer")
    assert [file.name for file in path.iterdir()] == ["new.txt"] and [file.name for file in tmp_path.iterdir()] == ["a"]
