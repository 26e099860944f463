"""`hairgan train`, `hairgan evaluate` and `hairgan sweep`: the programs of the same names, from any folder."""

from __future__ import annotations

import click

from hairgan import programs
from hairgan.cli.completed_settings import complete

AS_TYPED = {"ignore_unknown_options": True, "help_option_names": [], "allow_interspersed_args": False}
"""Settings and options are the program's own; so is `--help`."""

words = click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=complete)


@click.command(context_settings=AS_TYPED)
@words
def train(words: tuple[str, ...]) -> None:
    """Train a model: `hairgan train model=stargan data=celeba_hq`."""
    programs.start("train", words)


@click.command(context_settings=AS_TYPED)
@words
def evaluate(words: tuple[str, ...]) -> None:
    """Measure a trained model: `hairgan evaluate run=outputs/stargan/DATE_TIME`."""
    programs.start("evaluate", words)


@click.command(context_settings=AS_TYPED)
@words
def sweep(words: tuple[str, ...]) -> None:
    """Search for settings: `hairgan sweep sweep=tpe experiment=quickstart`."""
    programs.start("sweep", words)
