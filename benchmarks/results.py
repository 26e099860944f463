"""Files of measurements: written whole, read, and compared."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hairgan.files import write_whole


def write_results(result: dict[str, Any], out: Path | None) -> None:
    """Write measurements as JSON; None writes nothing."""
    if out is None:
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(out) as file:
        file.write((json.dumps(result, indent=1) + "\n").encode())


def read_results(path: Path) -> dict[str, Any]:
    """Measurements that `python -m benchmarks` wrote.

    Raises:
        ValueError: the file is missing, or is something else.
    """
    try:
        result = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(result, dict) or not isinstance(result.get("benchmarks"), dict):
        raise ValueError(f"{path} has no measurements of `python -m benchmarks`")
    return result


def rows_of(result: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    """Every measured row, by names of benchmark, table and row."""
    for name, entry in result["benchmarks"].items():
        for table in entry["tables"]:
            for row in table["rows"]:
                if "wall_s" in row:
                    yield (name, table["title"], row["name"]), row


def compare(before: dict[str, Any], after: dict[str, Any]) -> tuple[list[str], list[list[str]], list[str]]:
    """What changed from one file to another: columns, a row for each work in both, and notes.

    Seconds are those of the processor, or of the clock on a GPU. On a machine with other work they vary. So beside
    their ratio stands the ratio of what matters more: how many times faster a work is than the baseline that ran in
    turns with it. `noise` is the larger spread of the two, half the distance of the extremes as a share of the median;
    a change below it means nothing.
    """
    notes = [
        f"{key} differs: {before['machine'].get(key)} and {after['machine'].get(key)}"
        for key in ("processor", "gpu", "threads", "torch")
        if before["machine"].get(key) != after["machine"].get(key)
    ]
    if before.get("settings", {}).get("quick") or after.get("settings", {}).get("quick"):
        notes.append("quick runs only show that everything runs")
    old, new = dict(rows_of(before)), dict(rows_of(after))
    notes += [f"only in the first: {' / '.join(key)}" for key in old if key not in new]
    notes += [f"only in the second: {' / '.join(key)}" for key in new if key not in old]
    rows = []
    for key in old:
        if key not in new:
            continue
        clock = "wall_s" if before["machine"].get("gpu") else "cpu_s"
        first, second = old[key], new[key]
        a, b = first[clock]["median"], second[clock]["median"]
        faster = [row.get("times_faster", {}).get(clock[:-2]) for row in (first, second)]
        noise = max(noise_of(row[clock]) for row in (first, second))
        rows.append(
            [
                " / ".join(key),
                f"{a:.4g}",
                f"{b:.4g}",
                f"{a / b:.2f}" if a > 0 and b > 0 else "",
                f"{noise:.0%}",
                f"{faster[1] / faster[0]:.2f}" if all(faster) else "",
                change(first.get("peak_mb"), second.get("peak_mb")),
                change(first.get("gflop"), second.get("gflop")),
            ]
        )
    columns = ["", "s before", "s after", "faster", "noise", "faster, by baseline", "memory", "GFLOP"]
    return columns, rows, notes


def noise_of(times: dict[str, Any]) -> float:
    """Half the distance of the extremes, as a share of the median."""
    return (times["max"] - times["min"]) / 2 / times["median"] if times["median"] else 0.0


def change(a: float | None, b: float | None) -> str:
    """The change of a value in percent."""
    if a is None or b is None or not a or not math.isfinite(b):
        return ""
    return f"{b / a - 1:+.0%}"
