"""Quoting in printed commands, so that they can be copied into a shell."""

from __future__ import annotations

import re
import shlex

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException


def quote_override(name: str, value: object) -> str:
    """A setting as an argument of `train.py`, quoted for Hydra and for the shell if necessary."""
    text = str(value)
    if not _is_plain(text):
        # Hydra reads a backslash as an escape only before a quote
        escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", text).replace("'", r"\'")
        text = f"'{escaped}'"
    return shlex.quote(f"{name}={text}")


def _is_plain(text: str) -> bool:
    """Whether Hydra reads a value without quotes as this text, and not as a number, a list, ..."""
    try:
        value = OverridesParser.create().parse_override(f"x={text}").value()
    except HydraException:
        return False
    return isinstance(value, str) and value == text
