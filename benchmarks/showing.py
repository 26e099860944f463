"""Tables of measurements, for a terminal and for the documentation."""

from __future__ import annotations

from typing import Any

from benchmarks.results import noise_of
from hairgan.text_tables import aligned_table, markdown_table

HIDDEN = ("warm_up_s", "tf32", "finite", "traceback")
"""Values that are in the file alone."""


def terminal_table(table: dict[str, Any], on_gpu: bool = False) -> str:
    """A table as text, with its title, its parts and its values."""
    columns, rows = cells(table, on_gpu)
    texts = [table["title"], aligned_table(columns, rows)]
    if (parts := part_cells(table, on_gpu)) is not None:
        texts.append(aligned_table(*parts))
    return "\n".join(texts + [f"{name}: {show(value)}" for name, value in values_of(table).items()])


def markdown_text(table: dict[str, Any], on_gpu: bool = False) -> str:
    """A table as Markdown, with its title, its parts and its values."""
    title = table["title"]
    texts = [f"**{title[0].upper()}{title[1:]}**", markdown_table(*cells(table, on_gpu))]
    if (parts := part_cells(table, on_gpu)) is not None:
        texts.append(markdown_table(*parts))
    texts += [f"{name[0].upper()}{name[1:]}: {show(value)}." for name, value in values_of(table).items()]
    return "\n\n".join(texts)


def cells(table: dict[str, Any], on_gpu: bool = False) -> tuple[list[str], list[list[str]]]:
    """Columns and rows; a column that is empty everywhere is left out."""
    clock, factor, unit = ("wall_s", 1000.0, "ms") if on_gpu else ("cpu_s", 1.0, "CPU s")
    if table.get("clock") == "wall" and not on_gpu:
        clock, unit = "wall_s", "s"
    extra = list(dict.fromkeys(key for row in table["rows"] for key in row if key not in KNOWN and key not in HIDDEN))
    columns = ["", unit, "±", "times faster", "GFLOP", "peak MB", *extra]
    rows = []
    for row in table["rows"]:
        if "problem" in row:
            rows.append([row["name"], row["problem"][:80], *[""] * (len(columns) - 2)])
            continue
        times = row.get(clock)
        faster = row.get("times_faster", {}).get(clock[:-2])
        rows.append(
            [
                row["name"],
                show(factor * times["median"]) if times else "",
                f"{noise_of(times):.0%}" if times and len(times["runs"]) > 1 else "",
                f"{faster:.2f}" if faster else "",
                show(row["gflop"]) if row.get("gflop") else "",
                f"{row['peak_mb']:.0f}" if row.get("peak_mb") is not None else "",
                *(show(row[key]) if key in row else "" for key in extra),
            ]
        )
    kept = [i for i in range(len(columns)) if i == 0 or any(row[i] for row in rows)]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


KNOWN = ("name", "wall_s", "cpu_s", "times_faster", "gflop", "peak_mb", "parts", "problem")


def part_cells(table: dict[str, Any], on_gpu: bool = False) -> tuple[list[str], list[list[str]]] | None:
    """A row for each part of the works, such as a phase; None if they have no parts."""
    clock, factor, unit = ("wall_s", 1000.0, "ms") if on_gpu else ("cpu_s", 1.0, "CPU s")
    works = [row for row in table["rows"] if "parts" in row]
    parts = list(dict.fromkeys(part for row in works for part in row["parts"]))
    if len(parts) < 2:
        return None
    columns = [f"part, {unit}", *(row["name"] for row in works)]
    return columns, [
        [part, *(show(factor * row["parts"][part][clock]["median"]) if part in row["parts"] else "" for row in works)]
        for part in parts
    ]


def values_of(table: dict[str, Any]) -> dict[str, Any]:
    """The table's own values."""
    return {key: value for key, value in table.items() if key not in ("title", "baseline", "rows", "clock")}


def show(value: Any) -> str:
    """A value in few digits."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {show(each)}" for key, each in value.items())
    if not isinstance(value, float):
        return str(value)
    if value == 0:
        return "0"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"
