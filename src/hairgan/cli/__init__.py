"""The `hairgan` command line: one file per command, imported only when the command runs.

To add a command, write `hairgan/cli/NAME.py` with a click command and add its line to `COMMANDS`.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from typing import Any

import click

from hairgan.memory import keep_freed_memory
from hairgan.photos.names import printable

MAX_MESSAGE = 1000  # characters of an error message

COMMANDS: dict[str, tuple[str, str]] = {
    # name -> ("module:attribute", one line for `hairgan --help`)
    "dye": ("hairgan.cli.dye:dye", "Change the hair color in a photo."),
    "restyle": ("hairgan.cli.restyle:restyle", "Change the hair style in a photo."),
    "app": ("hairgan.cli.app:app", "Open the salon in a browser."),
    "bundle": ("hairgan.cli.bundle:bundle", "Collect the networks of runs in a folder to edit with."),
    "weights": ("hairgan.cli.weights:weights", "Show what is in a bundle, or in the one that comes with hairgan."),
    "import-official": (
        "hairgan.cli.import_official:import_official",
        "Make a bundle from the published StarGAN v2, SEAN, BiSeNet and FAN files.",
    ),
    "export": ("hairgan.cli.export:export", "Write the networks of a bundle as ONNX files."),
    "portraits": ("hairgan.cli.portraits:portraits", "Draw procedural portraits in the raw CelebAMask-HQ layout."),
    "prepare": ("hairgan.cli.prepare:prepare", "Pack CelebAMask-HQ (zip or folder) for training."),
    "label": ("hairgan.cli.label:label", "Label a folder of photos: a dataset to train on."),
    "parse": ("hairgan.cli.parse:parse", "Show what the face parser sees in a photo."),
    "editbench": ("hairgan.cli.editbench:editbench", "Score hair edits against their true result, on drawn people."),
}


class LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hairgan")
def cli() -> None:
    """Edit hair in photos, and prepare data for training the networks that do."""


def main(args: list[str] | None = None) -> None:
    """Entry point: run a command; a user's mistake ends in one sentence and exit code 1."""
    keep_freed_memory()
    args = sys.argv[1:] if args is None else args
    if any(argument == "" or re.fullmatch("--[a-z-]+=", argument) for argument in args):
        sys.exit("hairgan: an argument is empty; perhaps a shell variable is not set")
    try:
        cli.main(args=args, prog_name="hairgan", standalone_mode=True)
    except (ValueError, OSError) as error:
        if os.environ.get("HAIRGAN_FULL_ERROR") == "1":
            raise
        sys.exit(_one_line(error))


def _one_line(error: Exception) -> str:
    text: Any = error
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: {printable(str(error.filename))}" if error.filename else error.strerror
    message = printable(f"hairgan: {text}")  # on one line, whatever is in names and values
    return (
        message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE // 2]} ... {message[-MAX_MESSAGE // 2 :]}"
    )
