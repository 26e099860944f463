"""Optional dependencies, and how to install them."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """The command, in the folder of hairgan, that installs one of the extras of `pyproject.toml`."""
    return f"pip install -e '.[{extra}]'"
