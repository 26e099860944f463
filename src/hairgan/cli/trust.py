"""The option `--trust` of every command that reads bundles or runs."""

from __future__ import annotations

from collections.abc import Callable

import click


def trust_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--trust NAME`, which is obeyed before the command starts."""

    def obey(ctx: click.Context, option: click.Parameter, names: tuple[str, ...]) -> None:
        if names:
            from hairgan.weights.trusted import trust

            trust(names)

    return click.option(
        "--trust", multiple=True, metavar="NAME", callback=obey, expose_value=False,
        help="Module or package of networks of your own that a bundle or run may name; may be given several times.",
    )(command)  # fmt: skip
