"""The result of an evaluation: values, tables, pictures, and what they were measured with."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.files import write_text
from hairgan.text_tables import aligned_table


@dataclass(frozen=True)
class Table:
    """A table of numbers.

    Attributes:
        rows: a name, and one value per column; None leaves a cell empty.
        digits: after the decimal point.
        detail: whether it is too large for a terminal, and shown in the report only.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | None]]]
    digits: int = 3
    note: str = ""
    detail: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture in a section of the report."""

    title: str
    image: UInt8[ndarray, "h w 3"]
    note: str = ""
    section: str = "Examples"


@dataclass
class Evaluation:
    """What was measured.

    Attributes:
        values: every number by name.
        protocol: what decides the values: names and hashes of extractors and judges, counts, settings.
        headline: names of the main values, which comparisons show and callbacks log.
        tables, pictures: for the report.
    """

    values: dict[str, float]
    protocol: dict[str, Any]
    headline: tuple[str, ...]
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a result as JSON; NaN and infinity become null. After an error, no partial file is left."""
    write_text(path, json.dumps(_plain(content), indent=1) + "\n")


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Add a result to a file of JSON lines."""
    with path.open("a") as file:
        file.write(json.dumps(_plain(content)) + "\n")


def as_text(table: Table) -> str:
    """A table as aligned text, for a terminal."""
    body = [[name, *(number(value, table.digits) for value in values)] for name, values in table.rows]
    return f"{table.title}\n{indent(aligned_table(['', *table.columns], body), '  ', lambda line: True)}"


def number(value: float | None, digits: int) -> str:
    """A value as text; a dash for None and NaN."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
