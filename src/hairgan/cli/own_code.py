"""Code of the user's own, named on the command line as `MODULE:CALLABLE`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import click


def load_callable(option: str, name: str) -> Callable[..., Any]:
    """What an option names: a callable of a module in the current folder or of an installed package.

    Raises:
        ValueError: there is no such module or callable, or the module cannot be imported.
    """
    module, _, attribute = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a file in the current folder, as with `python -m`
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing a module runs it
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{option} {name}: {reason}; it must be MODULE:CALLABLE") from error
    if not callable(found):
        raise ValueError(f"{option} {name}: that is a {type(found).__name__}, not a callable")
    return found


def detector_option(command: Callable[..., None]) -> Callable[..., None]:
    """The option `--detector`; the command gets a face finder or None."""

    def load(context: click.Context, option: click.Parameter, name: str | None) -> Callable[..., Any] | None:
        return None if name is None else load_callable("--detector", name)

    return click.option(
        "--detector",
        metavar="MODULE:CALLABLE",
        callback=load,
        help="A face detector of your own: from a photo to faces (hairgan.photos.faces.FaceFinder).",
    )(command)
