"""Batches: one for all or one for each, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")


def listed(items: Item | Sequence[Item]) -> list[Item]:
    """A sequence as a list, and anything else as a list of one."""
    return list(items) if isinstance(items, Sequence) else [items]


def chunks(items: Sequence[Item], size: int) -> list[list[Item]]:
    """At most `size` items at a time."""
    return [list(items[i : i + size]) for i in range(0, len(items), size)]


def together(*columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of columns that are equally long, or hold one item that goes with all.

    Raises:
        ValueError: the lengths do not go together.
    """
    length = max(len(column) for column in columns)
    for column in columns:
        if len(column) not in (1, length):
            raise ValueError(f"{len(column)} do not go with {length}: give one for all, or one for each")
    return list(zip(*(list(column) * (length if len(column) == 1 else 1) for column in columns), strict=True))
