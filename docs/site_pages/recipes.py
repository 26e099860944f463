"""Recipes: trainings that were run, with their command, hardware, speed, memory and metrics.

The figures are in docs/recorded_runs.json, which `python benchmarks/record_run.py RUN` adds to.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parents[1] / "recorded_runs.json"
HEAD = """\
# Recipes

Trainings that were run, newest first, each with the command that repeats it. An empty cell was not measured. Speed and
memory hold for the machine that is named. Metrics are those of the validation split at the end of the training, unless
their name says otherwise ([what each number is](../metrics.md)).

    python benchmarks/record_run.py RUN --memory    # adds a run of yours to docs/recorded_runs.json
"""


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown."""
    records = sorted(json.loads(RECORDS.read_text()), key=lambda record: record["date"], reverse=True)
    return {"recipes": "\n\n".join([HEAD.rstrip(), _table(records), *map(_details, records)]) + "\n"}


def _table(records: list[dict[str, Any]]) -> str:
    rows = [
        "| recipe | data | px | steps x batch | hardware | s/step | images/s | memory, GiB | hours |",
        "|---" * 9 + "|",
    ]
    for record in records:
        speed = record.get("seconds_per_step")
        cells = [
            f"[{record['name']}](#{record['name'].replace('_', '-')})",
            record["data"],
            record["image_size"],
            f"{record['steps']:,} x {record['batch_size']}",
            record["hardware"],
            _number(speed),
            _number(record["batch_size"] / speed) if speed else "",
            _number(record.get("memory_gib")),
            _number(record.get("hours")),
        ]
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(rows)


def _details(record: dict[str, Any]) -> str:
    metrics = [f"| `{name}` | {_number(value)} |" for name, value in record["metrics"].items()]
    lines = [f"## {record['name']}", "", f"    {record['command']}", "", record["note"], ""]
    lines += ["| metric | value |", "|---|---|", *metrics] if metrics else []
    return "\n".join([*lines, "", f"({record['date']}, revision {record.get('revision') or 'not recorded'})"])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
