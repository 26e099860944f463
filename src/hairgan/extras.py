"""Optional dependencies, and how a user gets them."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """What to type, in the folder of hairgan, for one of the extras of `pyproject.toml`."""
    return f"pip install -e '.[{extra}]'"
