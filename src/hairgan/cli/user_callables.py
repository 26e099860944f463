"""The user's own functions, named on the command line as `MODULE:CALLABLE`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any


def load_callable(option: str, name: str) -> Callable[..., Any]:
    """Load the callable that an option names, from a module in the current folder or an installed package.

    Raises:
        ValueError: there is no such module or callable, or the module cannot be imported.
    """
    module, _, attribute = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # the current folder, as with `python -m`
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing a module runs it, so anything can be raised
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{option} {name}: {reason}; it must be MODULE:CALLABLE") from error
    if not callable(found):
        raise ValueError(f"{option} {name}: that is a {type(found).__name__}, not a callable")
    return found
