"""Commands: what `hairgan COMMAND --help` prints."""

from __future__ import annotations

import click

from hairgan.cli import COMMANDS, cli


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown."""
    lines = [
        "# Commands",
        "",
        "What `hairgan COMMAND --help` prints. `train.py`, `evaluate.py` and `sweep.py` take settings instead of",
        "options: their help is the [config reference](config/index.md).",
    ]
    for name, (_, summary) in COMMANDS.items():
        lines += ["", f"## hairgan {name}", "", summary, "", "```text", _help(name), "```"]
    return {"commands": "\n".join(lines) + "\n"}


def _help(name: str) -> str:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command.get_help(click.Context(command, info_name=f"hairgan {name}", terminal_width=100)).rstrip()
