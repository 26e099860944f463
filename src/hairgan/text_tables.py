"""Tables as text: Markdown for files and pages, aligned columns for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: column names, a rule, and one line per row."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def aligned_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart; the first is aligned left, the others right."""
    lines = [columns, *rows]
    first, *others = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = []
    for name, *cells in lines:
        padded = [cell.rjust(width) for cell, width in zip(cells, others, strict=True)]
        texts.append("  ".join([name.ljust(first), *padded]))
    return "\n".join(texts)
