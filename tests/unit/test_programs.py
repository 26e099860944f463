"""The programs of a clone and of an installed package."""

from __future__ import annotations

import os
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

import hairgan
from hairgan import programs
from hairgan.extras import how_to_install
from lightning_modules.launch import record
from tests.conftest import ROOT


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in a package installed from a wheel; its folder of programs."""
    folder = tmp_path / "hairgan" / "training"
    folder.mkdir(parents=True)
    monkeypatch.setattr(programs, "_INSTALLED", folder)
    return folder


def test_in_a_clone_they_stand_at_its_top():
    assert not programs.is_installed() and programs.folder() == ROOT
    assert all((programs.folder() / f"{name}.py").is_file() for name in programs.PROGRAMS)
    assert (programs.config_dir() / "config.yaml").is_file()
    assert (programs.command("train"), programs.spoken("train")) == ("python train.py", "train.py")


def test_an_installed_package_has_them_in_its_own_folder(installed):
    assert programs.folder() == installed and programs.config_dir() == installed / "conf"
    assert (programs.command("sweep"), programs.spoken("sweep")) == ("hairgan sweep", "hairgan sweep")
    assert record.git_state() == {"revision": None, "dirty": None}, "a repository around it is not ours"


def test_the_wheel_puts_everything_beside_the_programs_and_nothing_elsewhere():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {name: f"{place}/x"[: -len("/x")] for name, place in (wheel["sources"] | wheel["force-include"]).items()}
    assert places.pop("src") == ""
    assert set(places) == {*wheel["only-include"][1:], *(f"{name}.py" for name in programs.PROGRAMS)}
    assert all(place == f"hairgan/training/{name}" for name, place in places.items())
    imported = {line.split()[1].split(".")[0] for line in _imports()} - set(sys.stdlib_module_names)
    beside = imported & {path.stem for path in ROOT.iterdir()}
    assert {"lightning_modules"} <= beside <= {name.removesuffix(".py") for name in places}


def _imports() -> list[str]:
    files = [ROOT / f"{name}.py" for name in programs.PROGRAMS]
    files += [path for room in ("lightning_modules", "datamodules") for path in (ROOT / room).rglob("*.py")]
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    return [line for line in lines if line.startswith(("import ", "from "))]


def test_the_process_becomes_the_program(installed, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/mine")
    became = []
    monkeypatch.setattr(os, "execve", lambda *arguments: became.append(arguments))
    programs.start("train", ["steps=2", "a b"])
    ((executable, line, environment),) = became
    assert executable == sys.executable and line == [executable, str(installed / "train.py"), "steps=2", "a b"]
    assert environment["PYTHONPATH"] == f"{installed}{os.pathsep}/mine"
    assert environment["PATH"] == os.environ["PATH"]

    monkeypatch.setattr(programs, "_INSTALLED", Path(programs.__file__).parent / "training")
    monkeypatch.setenv(programs.STARTED_BY, environment[programs.STARTED_BY])
    assert programs.spoken("train") == "hairgan train", "messages of the program say what the user typed"


def test_a_run_records_the_command_that_was_typed(installed, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(installed / "train.py"), "name=a b"])
    assert record.typed_command() == "hairgan train 'name=a b'"
    monkeypatch.setattr(sys, "argv", ["train.py", "steps=2"])
    assert record.typed_command() == "train.py steps=2"
    assert record.versions()["hairgan"] == hairgan.__version__


def test_an_installed_package_names_the_packages_of_an_extra(installed):
    """No index has hairgan, so `hairgan[onnx]` could not be installed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pip, install, *packages = shlex.split(how_to_install("onnx"))
    assert (pip, install) == ("pip", "install")
    assert [name.split(">")[0] for name in packages] == [name.split(">")[0] for name in extras["onnx"]]
