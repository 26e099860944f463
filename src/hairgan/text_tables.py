"""Tables as text: Markdown for files and pages, aligned columns for a terminal."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: column names, a rule, and one line per row."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def aligned_table(columns: Sequence[str], rows: Iterable[Sequence[str]], left: Container[int] = (0,)) -> str:
    """Columns as wide as their widest cell, two spaces apart.

    Args:
        left: the columns that are aligned left, by number; the others are aligned right.
    """
    lines = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = []
    for line in lines:
        cells = enumerate(zip(line, widths, strict=True))
        padded = [cell.ljust(width) if number in left else cell.rjust(width) for number, (cell, width) in cells]
        texts.append("  ".join(padded).rstrip())
    return "\n".join(texts)
