"""The logged values of a run as rows and as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from hairgan.curves import draw_curves, read_curves


def test_cells_become_numbers_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,G/total,D/total\n1,2.5,\n2,,0.25\n")
    assert read_curves(path) == [{"step": 1, "G/total": 2.5}, {"step": 2, "D/total": 0.25}]


@pytest.mark.parametrize("content", [b"step,G/total\n1,high\n", b"step,G/total\n1.5,2\n", b"\xff\xfe\x00\x01,\n1,2\n"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metrics.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"metrics\.csv is damaged"):
        read_curves(tmp_path / "metrics.csv")


def test_a_panel_per_phase() -> None:
    rows = [{"step": step, "D/total": 1 / step, "D/grad_norm": 1.0, "G/total": 2.0} for step in (1, 2, 3)]
    both, one = draw_curves(rows), draw_curves([{"step": row["step"], "D/total": row["D/total"]} for row in rows])
    assert both is not None and one is not None
    assert both.shape[0] == one.shape[0] and both.shape[1] == pytest.approx(2 * one.shape[1], abs=2)


def test_values_logged_once_are_not_drawn() -> None:
    assert draw_curves([{"step": 1, "D/total": 1.0}]) is None
