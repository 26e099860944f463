"""Every command is found by name."""

from __future__ import annotations

import ast
from pathlib import Path

import click
import pytest

from hairgan.cli import COMMANDS, LazyGroup


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
