"""Batches: requests for several edits at once, and how many of them a network gets at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")


def as_list(items: Item | Sequence[Item]) -> list[Item]:
    """A sequence as a list, and anything else as a list of one."""
    return list(items) if isinstance(items, Sequence) else [items]


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, at most `size` at a time."""
    return (items[i : i + size] for i in range(0, len(items), size))


def broadcast(*columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Rows of columns that are equally long; a column of one item repeats it in every row.

    Raises:
        ValueError: a column has another length, which is not 1.
    """
    length = max(len(column) for column in columns)
    for column in columns:
        if len(column) not in (1, length):
            raise ValueError(f"{len(column)} values for {length} edits: give one for all of them, or one for each")
    return zip(*(list(column) * (length if len(column) == 1 else 1) for column in columns), strict=True)
