"""All benchmarks run with --quick. No test looks at seconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.__main__ import main
from benchmarks.measuring import Row, Settings, Table
from benchmarks.models import MODELS
from benchmarks.names import BENCHMARKS
from benchmarks.results import read_results
from benchmarks.running import run_benchmarks

SLOW = ("stargan", "sean", "salon", "memory", "start_up", "growth")
MARKED = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in BENCHMARKS]


@pytest.mark.parametrize("name", MARKED)
def test_a_quick_run_measures_everything(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.memory.keep_freed_memory", lambda: False)  # for the whole process, other tests too
    main([name, "--quick", "--out", str(tmp_path / "out.json")])
    result = json.loads((tmp_path / "out.json").read_text())
    entry = result["benchmarks"][name]
    assert result["settings"]["quick"] and entry["tables"]
    for table in entry["tables"]:
        assert table["rows"] and not any("problem" in row for row in table["rows"])
        for row in table["rows"]:
            assert row["cpu_s"]["median"] >= 0
        if table["baseline"] is not None:
            assert table["baseline"] in [row["name"] for row in table["rows"]]


def test_a_stopped_run_goes_on_with_what_is_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, stops = [], [True, False]

    def module(name: str) -> SimpleNamespace:
        def tables(settings: Settings) -> Iterator[Table]:
            started.append(name)
            yield Table(name, [Row("work", [1.0], [1.0])], None)
            if name == "second" and stops.pop(0):
                raise KeyboardInterrupt

        return SimpleNamespace(tables=tables)

    monkeypatch.setattr("benchmarks.running.BENCHMARKS", dict.fromkeys(("first", "second", "third"), ""))
    for name in ("first", "second", "third"):
        monkeypatch.setitem(sys.modules, f"benchmarks.{name}", module(name))
    out, settings, names = tmp_path / "out.json", Settings(True, 1, 1), ["first", "second", "third"]
    with pytest.raises(KeyboardInterrupt):
        run_benchmarks(names, settings, out)
    earlier = read_results(out)
    result = run_benchmarks(names, settings, out, earlier)
    assert started == ["first", "second", "second", "third"]
    assert list(result["benchmarks"]) == names and result["started"] == earlier["started"]
    with pytest.raises(ValueError, match="--resume: the earlier run had the settings"):
        run_benchmarks(names, Settings(True, 1, 2), out, earlier)
    earlier["machine"]["processor"] = "6502"
    with pytest.raises(ValueError, match="--resume: the earlier run had processor 6502, this one"):
        run_benchmarks(names, settings, out, earlier)


def test_the_gpu_benchmark_runs_on_a_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two variants of one model, and the time line; what no longer fits the budget is said to be left out."""
    out = tmp_path / "gpu.json"
    small = ["--device", "cpu", "--size", "32", "--batch", "2", "--width", "tiny", "--seconds", "0.01"]
    main(["gpu", *small, "--models", "stargan", "--variants", "float32", "--out", str(out)])
    (table,) = json.loads(out.read_text())["benchmarks"]["gpu"]["tables"]
    plain, ours = table["rows"]
    assert plain["gflop"] > ours["gflop"] > 0
    assert ours["finite"] and ours["images_per_s"] > 0
    assert list(ours["parts"]) == ["d_latent", "d_reference", "g_latent", "g_reference", "ema"]
    assert max(table["difference_of_losses"]["float32"].values()) < 0.01
    assert json.loads(out.read_text())["profile"]["longest"]
    main(["gpu", *small, "--budget", "1", "--models", *MODELS, "--out", str(out)])
    rows = [row for table in json.loads(out.read_text())["benchmarks"]["gpu"]["tables"] for row in table["rows"]]
    assert rows and all(row["problem"].startswith("left out") for row in rows)
    assert "left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sena"], "there is no benchmark 'sena'; known are all, stargan"),
        (["sean", "--threads", "0"], "--threads must be 1 or more, not 0"),
        (["sean", "--out", "missing/out.json"], "there is no folder missing"),
        (["gpu", "--device", "cpu", "--models", "sena"], "there is no model 'sena'"),
        (["gpu", "--device", "cpu", "--variants", "int8"], "no variant has one of these words"),
        (["compare", "a.json", "b.json"], "a.json cannot be read"),
        (["sean", "--resume"], "--resume continues the file that --out names"),
        (["sean", "--resume", "--out", "nothere.json"], "nothere.json cannot be read"),
    ],
)
def test_mistakes_are_refused_before_anything_runs(arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        main(arguments)
