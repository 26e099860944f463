"""Options that several commands have: `--bundle`, `--parser`, `--trust` and `--detector`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from hairgan.cli.user_callables import load_callable
from hairgan.weights.shipped import REMARK, SHIPPED


def bundle_option(
    *names: str, contents: str, sources: str = "Bundle (folder, or OWNER/NAME[@REVISION] on the hub)"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option that names networks; the command gets the bundle that ships with hairgan if it is left out.

    Args:
        names: as for `click.option`.
        contents: what the bundle must have, for the help.
        sources: what may be named, for the help.
    """

    def choose(context: click.Context, option: click.Parameter, source: str | None) -> str:
        if source is not None:
            return source
        click.echo(REMARK, err=True)
        return str(SHIPPED)

    return click.option(
        *names,
        envvar="HAIRGAN_BUNDLE",
        show_envvar=True,
        callback=choose,
        help=f"{sources} with {contents}.  [default: the networks that come with hairgan]",
    )


parser_option = bundle_option(
    "--parser",
    "source",
    contents="a face parser",
    sources="Run directory, bundle (also on the hub) or published BiSeNet file",
)


def trust_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--trust NAME`, which takes effect before the command starts."""

    def trust_modules(context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> None:
        if names:
            from hairgan.weights.trusted import trust  # imports torch

            trust(names)

    return click.option(
        "--trust",
        multiple=True,
        metavar="NAME",
        callback=trust_modules,
        expose_value=False,
        help="Module or package with your own networks, which a bundle or run may then use; may be repeated.",
    )(command)


def detector_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--detector MODULE:CALLABLE`; the command gets a face finder, or None if it is left out."""

    def load(context: click.Context, option: click.Parameter, name: str | None) -> Callable[..., Any] | None:
        return None if name is None else load_callable("--detector", name)

    return click.option(
        "--detector",
        metavar="MODULE:CALLABLE",
        callback=load,
        help="Your own face detector: a function from a photo to faces (hairgan.photos.faces.FaceFinder).",
    )(command)
