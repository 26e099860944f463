"""`hairgan train`, `evaluate` and `sweep`, and commands of other packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from hairgan import programs
from hairgan.cli import LazyGroup, cli, main


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(programs, "start", lambda program, words: found.append((program, list(words))))
    return found


@pytest.mark.parametrize("name", programs.PROGRAMS)
@pytest.mark.parametrize(
    "words",
    [[], ["--help"], ["-m", "seed=1,2"], ["steps=2", "--cfg", "job"], ["--config-dir", "my conf", "~logger", "+a=-1"]],
)
def test_every_word_is_passed_on(name, words, started):
    result = CliRunner().invoke(cli, [name, *words], catch_exceptions=False)
    assert result.exit_code == 0 and started == [(name, words)]


# -- commands of other packages --

PACKAGE = """
import click

@click.command()
def wave():
    "Wave."
    click.echo("waved")

number = 3
"""
POINTS = """[hairgan.commands]
wave = other_hair:wave
broken = other_hair_of_nobody:wave
number = other_hair:number
dye = other_hair:wave
"""


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other_hair.py").write_text(PACKAGE)
    info = tmp_path / "other_hair-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-hair\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("other_package")
def test_another_package_adds_a_command():
    assert "waved" in CliRunner().invoke(cli, ["wave"], catch_exceptions=False).output
    listed = CliRunner().invoke(cli, ["--help"]).output
    assert "wave" in listed and "Of other-hair." in listed and listed.count("\n  dye ") == 1
    own = LazyGroup().get_command(click.Context(click.Command("hairgan")), "dye")
    assert own is not None and own.name == "dye", "a command of ours is not replaced"


@pytest.mark.usefixtures("other_package")
@pytest.mark.parametrize(("name", "reason"), [("broken", "does not load: No module"), ("number", "is not a click")])
def test_a_command_that_does_not_load_is_a_sentence(name, reason):
    with pytest.raises(SystemExit) as ended:
        main([name])
    assert reason in str(ended.value) and "\n" not in str(ended.value)


# -- completion --


def completed(*words: str, shell: type[ShellComplete] = ShellComplete) -> set[str]:
    *before, incomplete = words
    return {item.value for item in shell(cli, {}, "hairgan", "").get_completions(before, incomplete)}


def test_groups_choices_and_settings_are_completed():
    assert {"train", "trainer"} & completed("tr") == {"train"}
    assert {"model=", "model.", "steps=", "seed="} <= completed("train", "")
    assert completed("train", "model=s") == {"model=stargan", "model=sean"}
    assert completed("train", "data/domains=") == {"data/domains=gender2", "data/domains=hair7"}
    assert {"model.lambda_ds=", "model.generator."} <= completed("train", "model.")
    assert completed("train", "model=sean", "model.lambda_f") == {"model.lambda_feat="}
    assert completed("train", "model.generator.w_") == {"model.generator.w_hpf="}
    assert completed("train", "trainer.prec") == {"trainer.precision="}
    assert completed("evaluate", "num_o") == {"num_outputs="}
    assert completed("train", "nothing.at.all") == set()


def test_bash_splits_a_word_at_its_equals_sign():
    assert completed("train", "model", "=", "sta") == {"stargan"}
    assert completed("train", "steps", "=", "5", "model", "=", "") >= {"stargan", "sean"}


def test_own_configs_are_completed(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("steps: 3\n")
    assert completed("train", "--config-dir", str(tmp_path), "experiment=mi") == {"experiment=mine"}


def test_nothing_slow_is_imported_to_complete():
    slow = "hydra", "torch", "polars", "numpy"
    code = f"import hairgan.cli.training, sys; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
