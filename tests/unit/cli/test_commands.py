"""Every command is found by name."""

from __future__ import annotations

import ast
from pathlib import Path

import click
import pytest

from hairgan.cli import COMMANDS, LazyGroup, main


def is_command(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("click.command") for decorator in function.decorator_list)


def test_every_file_with_a_command_is_listed():
    import hairgan.cli

    found = {
        f"hairgan.cli.{file.stem}:{node.name}"
        for file in Path(hairgan.cli.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and is_command(node)
    }
    assert found == {target for target, _ in COMMANDS.values()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_listed_command_can_be_imported(name):
    command = LazyGroup().get_command(click.Context(click.Command("hairgan")), name)
    assert isinstance(command, click.Command) and command.name == name


def said(*arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    return str(end.value)


def test_a_sentence_is_one_line_and_short():
    sentence = said("prepare", "a\nb")
    assert "\n" not in sentence and "a\\nb: looked for CelebAMask-HQ" in sentence
    assert len(said("prepare", "x/" * 1500 + "y")) < 1100


@pytest.mark.parametrize("arguments", [["prepare", ""], ["prepare", "x", "--out", ""], ["prepare", "x", "--out="]])
def test_an_empty_argument_is_no_place(arguments):
    assert said(*arguments) == "hairgan: an argument is empty; perhaps a shell variable is not set"


def test_a_misspelled_command_is_named_with_the_nearest_one(capsys):
    with pytest.raises(SystemExit):
        main(["tarin"])
    assert "there is no command 'tarin'; did you mean 'train'?" in capsys.readouterr().err
