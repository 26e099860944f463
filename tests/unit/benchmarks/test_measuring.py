"""The core of the benchmarks: what is measured, and what is written, compared and shown."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.measuring import Row, Settings, Table, count_gflop, measure, ratio
from benchmarks.memory import in_process
from benchmarks.page import BLOCK, PAGE, made_page, measured_files
from benchmarks.results import compare, read_results, write_results
from benchmarks.showing import terminal_table


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_works_run_in_turns_after_a_warm_up() -> None:
    order: list[str] = []
    rows = measure({name: (lambda name=name: order.append(name)) for name in "ab"}, repeats=2, memory=False)
    assert order == ["a", "b"] * 3
    assert [len(row.wall_s) for row in rows] == [2, 2]


def test_parts_are_timed_apart() -> None:
    def work() -> Iterator[str]:
        busy(0.03)
        yield "long"
        yield "nothing"

    (row,) = measure({"work": work}, repeats=2, memory=False)
    assert list(row.parts_s) == ["long", "nothing"]
    assert min(row.parts_cpu_s["long"]) >= 0.03 > max(row.parts_cpu_s["nothing"])
    assert min(row.cpu_s) >= 0.03


def test_no_round_begins_after_the_given_seconds() -> None:
    (row,) = measure({"work": lambda: time.sleep(0.001)}, repeats=50, seconds=0.0, memory=False)
    assert len(row.wall_s) == 1


def test_arithmetic_is_counted_with_gradients_of_chosen_inputs() -> None:
    weight = torch.zeros(6, 3, 3, 3, requires_grad=True)
    images = torch.zeros(2, 3, 8, 8)

    def forward() -> Tensor:
        return torch.nn.functional.conv2d(images, weight, padding=1)

    once = 2 * (2 * 8 * 8) * 6 * 27 / 1e9
    assert count_gflop(forward) == pytest.approx(once)
    assert count_gflop(lambda: forward().sum().backward(inputs=[weight])) == pytest.approx(2 * once)
    with torch.inference_mode():
        assert count_gflop(forward) == pytest.approx(once)


def test_memory_at_its_peak_is_seen() -> None:
    (row,) = measure({"work": lambda: torch.zeros(20_000_000).sum()}, repeats=1)
    if row.peak_mb is not None:  # Linux
        assert 60 < row.peak_mb < 200


def test_ratio_is_that_of_the_rounds() -> None:
    assert ratio([2.0, 20.0, 4.0], [1.0, 10.0, 1.0]) == 2.0
    assert ratio([2.0, 4.0], [1.5]) == 2.0
    assert ratio([1.0], [0.0]) is None


def result_of(seconds: float, baseline: float = 4.0, **machine: Any) -> dict[str, Any]:
    rows = [Row("plain", [baseline] * 2, [baseline] * 2, gflop=8.0), Row("ours", [seconds] * 2, [seconds, seconds])]
    rows.append(Row("broken", problem="no compiler"))
    table = Table("forward", rows, "plain").as_json()
    machine = {"processor": "one", "cores": 2, "threads": 1, "torch": "2"} | machine
    return {"machine": machine, "settings": {}, "benchmarks": {"sean": {"tables": [table]}}}


def test_rows_survive_the_file(tmp_path: Path) -> None:
    row = Row("a", [1.0, 2.0], [0.5, 0.25], {"g": [0.5, 1.0]}, {"g": [0.1, 0.2]}, 3.5, 10.0, {"images_per_s": 4.0})
    assert Row.from_json(json.loads(json.dumps(row.as_json()))) == row
    assert Row.from_json(Row("b", problem="no").as_json()) == Row("b", problem="no")
    write_results(result_of(2.0), tmp_path / "a.json")
    assert read_results(tmp_path / "a.json") == result_of(2.0)
    (tmp_path / "b.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"b\.json has no measurements"):
        read_results(tmp_path / "b.json")
    with pytest.raises(ValueError, match="cannot be read"):
        read_results(tmp_path / "missing.json")


def test_a_change_is_shown_against_the_baseline_of_its_own_run() -> None:
    columns, rows, notes = compare(result_of(2.0), result_of(2.0, baseline=8.0, threads=2))
    assert rows[1][0] == "sean / forward / ours"
    assert rows[1][columns.index("faster")] == "1.00"
    assert rows[1][columns.index("faster, by baseline")] == "2.00"
    assert "threads differs: 1 and 2" in notes


def test_tables_for_a_terminal_and_the_page() -> None:
    result = result_of(2.0)
    text = terminal_table(result["benchmarks"]["sean"]["tables"][0])
    assert "no compiler" in text and "2.00" in text
    page = "before\n<!-- benchmark sean of cpu -->\nold\n<!-- end -->\nafter\n"
    made = made_page(page, {"cpu": result})
    assert "old" not in made and "| ours | 2.00 |" in made and made.endswith("<!-- end -->\nafter\n")
    assert made_page(made, {"cpu": result}) == made
    for other in (page.replace("sean", "salon"), page.replace("cpu", "gpu")):
        assert made_page(other, {"cpu": result}) == other


def test_the_page_shows_the_measurements_that_are_kept() -> None:
    results = {file.stem: read_results(file) for file in measured_files()}
    page = PAGE.read_text()
    blocks = [(file, name) for _, name, file, _ in BLOCK.findall(page)]
    assert len(blocks) == page.count("<!-- benchmark") == page.count("<!-- end -->")
    assert all(name in results[file]["benchmarks"] for file, name in blocks)
    assert made_page(page, results) == page, "python -m benchmarks page"


def test_the_memory_of_a_process_is_its_own() -> None:
    """And not that of the process that started it, which had a gigabyte more."""
    large = np.ones(2**30, np.uint8)
    del large
    found = in_process("face parser, training step of 8", False, Settings(quick=True))
    assert 100 < found["peak_mb"] < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - 500
