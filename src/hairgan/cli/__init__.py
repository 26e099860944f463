"""The `hairgan` command line: one file per command, imported only when the command runs.

To add a command, write `hairgan/cli/NAME.py` with a click command and add its line to `COMMANDS`. Another package adds
one by an entry point in the group `hairgan.commands`, whose object is a click command.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

import hairgan
from hairgan.memory import keep_freed_memory
from hairgan.photos.names import printable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ADDED = "hairgan.commands"
"""Entry point group in which other packages declare commands."""

MAX_MESSAGE = 1000  # characters of an error message

COMMANDS: dict[str, tuple[str, str]] = {
    # name -> ("module:attribute", one line for `hairgan --help`)
    "dye": ("hairgan.cli.dye:dye", "Change the hair color in a photo."),
    "restyle": ("hairgan.cli.restyle:restyle", "Change the hair style in a photo."),
    "train": ("hairgan.cli.training:train", "Train a model: hairgan train model=stargan data=celeba_hq"),
    "evaluate": ("hairgan.cli.training:evaluate", "Measure a trained model: hairgan evaluate run=RUN"),
    "sweep": ("hairgan.cli.training:sweep", "Search for settings: hairgan sweep sweep=tpe experiment=quickstart"),
    "app": ("hairgan.cli.app:app", "Open the salon in a browser."),
    "bundle": ("hairgan.cli.bundle:bundle", "Collect the networks of runs in a folder to edit with."),
    "weights": ("hairgan.cli.weights:weights", "Show what is in a bundle, or in the one that comes with hairgan."),
    "push": ("hairgan.cli.push:push", "Push a bundle to the Hugging Face hub, with a model card."),
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
    """A group that lists its commands, and those of other packages, without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *_added()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, attribute = COMMANDS[cmd_name][0].split(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        return _load(_added()[cmd_name]) if cmd_name in _added() else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            close = get_close_matches(args[0], known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(known)}"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [(name, summary) for name, (_, summary) in COMMANDS.items()]
        added = [(name, f"Of {point.dist.name if point.dist else point.module}.") for name, point in _added().items()]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *added])


def _added() -> dict[str, EntryPoint]:
    """The commands of other packages; none replaces one of ours."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ADDED) if point.name not in COMMANDS}


def _load(point: EntryPoint) -> click.Command:
    """The command of another package.

    Raises:
        ValueError: it cannot be imported, or is not a click command.
    """
    try:
        command = point.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the command {point.name} ({point.value}) does not load: {error}") from error
    if not isinstance(command, click.Command):
        raise ValueError(f"the command {point.name} ({point.value}) is not a click command")
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(hairgan.__version__)
def cli() -> None:
    """Edit hair in photos, and train the networks that do."""


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
