"""Commands: what `hairgan COMMAND --help` prints."""

from __future__ import annotations

import click

from hairgan.cli import COMMANDS, cli

SETTINGS = "hairgan.cli.training:"
"""Where the commands are that take settings."""


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown."""
    lines = ["# Commands", "", "What `hairgan COMMAND --help` prints."]
    for name, (place, summary) in COMMANDS.items():
        lines += ["", f"## hairgan {name}", ""]
        if place.startswith(SETTINGS):
            lines.append(
                f"{summary.partition(':')[0]}: `python {name}.py` of a clone, from any folder. Its settings are in the"
            )
            lines.append(f"[config reference](config/index.md), and `hairgan {name} --help` prints those of a command.")
        else:
            lines += [summary, "", "```text", _help(name), "```"]
    return {"commands": "\n".join(lines) + "\n"}


def _help(name: str) -> str:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command.get_help(click.Context(command, info_name=f"hairgan {name}", terminal_width=80)).rstrip()
