"""The tables of docs/performance.md, made from files of measurements.

The page is written by hand but for what is between the lines `<!-- benchmark NAME of FILE -->` and `<!-- end -->`.
`python -m benchmarks page` puts the tables of that benchmark in `benchmarks/measured/FILE.json` there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import read_results
from benchmarks.showing import markdown_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
MEASURED = ROOT / "benchmarks" / "measured"
"""Measurements that the page shows."""

BLOCK = re.compile(r"(<!-- benchmark (\w+) of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def made_page(text: str, results: Mapping[str, dict[str, Any]]) -> str:
    """The page with the tables of these measurements.

    Args:
        text: the page as it is.
        results: measurements by the name of their file, without its ending. Tables of other files stay as they are.
    """

    def block(match: re.Match[str]) -> str:
        start, name, file, end = match.groups()
        if name not in results.get(file, {"benchmarks": {}})["benchmarks"]:
            return match[0]
        return start + block_of(results[file], results[file]["benchmarks"][name]) + "\n" + end

    return BLOCK.sub(block, text)


def block_of(result: dict[str, Any], entry: dict[str, Any]) -> str:
    """The tables of a benchmark, after a line on the machine."""
    machine = result["machine"]
    on_gpu = "gpu" in machine
    where = machine["gpu"] if on_gpu else f"{machine['processor']}, {machine['threads']} of {machine['cores']} cores"
    about = [where, f"torch {machine['torch']}"]
    if result.get("started"):
        about.insert(0, result["started"][:10])
    if entry.get("load") is not None and not on_gpu:
        about.append(f"load {entry['load']:.1f}")
    texts = [f"*{', '.join(about)}.*", *(markdown_text(table, on_gpu) for table in entry["tables"])]
    if "problem" in entry:
        texts.append(f"It stopped: {entry['problem']}.")
    return "\n\n".join(texts)


def measured_files() -> list[Path]:
    """The files of measurements that are kept with the code."""
    return sorted(MEASURED.glob("*.json"))


def write_page(files: Sequence[Path], page: Path = PAGE) -> None:
    """Write the page anew."""
    page.write_text(made_page(page.read_text(), {file.stem: read_results(file) for file in files}))
