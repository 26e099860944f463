"""Folders for results: impossible ones are refused, and new ones get a number if the name is taken."""

from __future__ import annotations

import tempfile

import pytest

from lightning_modules.launch.checks import check_machine
from lightning_modules.launch.folders import check_folder, make_new_folder


def test_checking_a_folder_does_not_make_it(tmp_path):
    check_folder("out=a", tmp_path / "a" / "b")
    check_folder("out=a", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"^out=a is a file; it must be a folder$"):
        check_folder("out=a", tmp_path / "file")
    with pytest.raises(ValueError, match=rf"^out=a: {tmp_path}/file is a file; it must be a folder$"):
        check_folder("out=a", tmp_path / "file" / "a" / "b")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(ValueError, match=rf"^out=a: nothing can be written in {tmp_path} \(Permission denied\)$"):
        check_folder("out=a", tmp_path / "a")


def test_a_logger_that_cannot_write_is_refused_before_the_data_is_packed(tmp_path, compose_config):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "wandb"
    with pytest.raises(ValueError, match=rf"^logger\.wandb\.save_dir={place}: {tmp_path}/file is a file"):
        check_machine(compose_config("logger=wandb", f"logger.wandb.save_dir={place}"))
    check_machine(compose_config("logger=wandb", f"logger.wandb.save_dir={tmp_path}/new"))
    check_machine(compose_config("logger=wandb", f"run_dir={tmp_path}/file"))  # refused later, by own_run_directory


def test_a_new_folder_is_numbered(tmp_path):
    names = [make_new_folder(tmp_path / "runs" / "a").name for _ in range(3)]
    assert names == ["a", "a_2", "a_3"]
