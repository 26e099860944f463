"""Untrusted YAML documents: cards, and the configs and records of runs.

The size of a document is limited: its references (`*name`) could expand to more than fits in memory, and its brackets
could be nested deeper than Python's recursion limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hairgan.weights.files import shorten

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
"""Largest number of values in a document; a value counts once per reference to it."""
MAX_DEPTH = 50


def read_yaml(file: Path | str, max_bytes: int = MAX_BYTES) -> Any:
    """The content of a YAML file in plain values.

    Args:
        max_bytes: a larger file is refused.

    Raises:
        ValueError: it is not YAML, too large, or has a key twice.
        OSError: it cannot be read.
    """
    file = Path(file)
    if not file.is_file():
        raise ValueError(f"there is no file {file}")
    size = file.stat().st_size
    if size > max_bytes:
        raise ValueError(f"{file} is too large: {size} bytes, more than {max_bytes}")
    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None:
            return None
        _count(node, file, {}, 0)
        return loader.construct_document(node)
    except _RefusedError:
        raise
    except OSError:
        raise
    except Exception as error:  # for some values PyYAML raises almost any exception
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise ValueError(f"{file} is not readable as YAML{where}") from error


class _RefusedError(ValueError):
    """Valid YAML that is refused."""


def _count(node: yaml.Node, file: Path, known: dict[int, int], depth: int) -> int:
    """The number of values below a node, references counted each time."""
    if depth > MAX_DEPTH:
        raise _RefusedError(f"{file} is refused: it is nested deeper than {MAX_DEPTH} levels, or refers to itself")
    if id(node) in known:
        return known[id(node)]
    total = 1
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise _RefusedError(f"{file} is refused: it has the key '{shorten(twice)}' twice in the same mapping")
        children = [part for pair in node.value for part in pair]
    else:
        children = node.value if isinstance(node, yaml.SequenceNode) else []
    for child in children:
        total += _count(child, file, known, depth + 1)
    if total > MAX_VALUES:
        raise _RefusedError(f"{file} is refused: it holds more than {MAX_VALUES} values")
    known[id(node)] = total
    return total


# -- checks of a value's type; `name` is its name in messages --


def expect_mapping(value: Any, name: str) -> dict[str, Any]:
    """Check that a value is a mapping whose keys are strings, and return it."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{name} must be a mapping, not {describe(value)}")
    return dict(value)


def expect_list(value: Any, name: str) -> list[Any]:
    """Check that a value is a list, and return it."""
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list, not {describe(value)}")
    return value


def expect_text(value: Any, name: str) -> str:
    """Check that a value is a string that is not blank, and return it."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be text, not {describe(value)}")
    return value


def expect_count(value: Any, name: str) -> int:
    """Check that a value is a whole number of 0 or more, and return it."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number of 0 or more, not {describe(value)}")
    return value


def describe(value: Any) -> str:
    """A value in a few words, for a message."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the text '{shorten(value, 40)}'"
    if isinstance(value, Mapping):
        return "a mapping" if all(isinstance(key, str) for key in value) else "a mapping whose keys are not all text"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return f"the number {value}"
    return shorten(repr(value), 40)
