"""The option that names a bundle, and what stands in for it where none is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from hairgan.weights.shipped import REMARK, SHIPPED


def bundle_option(*names: str, contents: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option for a bundle, by default the one that comes with hairgan; the command gets a folder or a hub name.

    Args:
        names: as for `click.option`.
        contents: what the bundle needs to have, for the help.
    """
    return click.option(
        *names,
        envvar="HAIRGAN_BUNDLE",
        show_envvar=True,
        callback=lambda context, parameter, value: _chosen(value),
        help=f"Bundle (folder or hub name) with {contents}.  [default: the networks that come with hairgan]",
    )


def _chosen(source: str | None) -> str:
    if source is not None:
        return source
    click.echo(REMARK, err=True)
    return str(SHIPPED)
