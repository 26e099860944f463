"""Runs of `train.py` in separate processes, and comparisons of two runs."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch

from hairgan.curves import read_curves
from hairgan.weights.runs import find_checkpoint

ROOT = Path(__file__).parents[2]

# runs are forked by a server that has already imported everything: a start takes half a second instead of twenty
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.integration.runs", "datamodules", "lightning_modules", "hydra", "wandb"])
_started: list[BaseProcess] = []


def start(
    overrides: list[str],
    log: Path,
    env: Mapping[str, str] | None = None,
    *,
    prepare: Callable[[], None] | None = None,
    script: str = "train.py",
) -> BaseProcess:
    """Start `python train.py OVERRIDES` in a new process that writes its output to a file.

    Args:
        overrides: of the command line.
        log: file for standard output and error.
        env: additional environment variables.
        prepare: function at module level, called in the process before the script.
        script: the program.
    """
    process = _forks.Process(target=_run, args=(script, overrides, str(log), dict(env or {}), prepare))
    process.start()
    _started.append(process)
    return process


def _run(script: str, overrides: list[str], log: str, env: dict[str, str], prepare: Callable[[], None] | None) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.update(env)
    os.setpgid(0, 0)  # so that its loader workers can be killed with it
    torch.set_num_threads(1)
    multiprocessing.set_start_method("fork", force=True)
    os.chdir(ROOT)
    sys.argv = [script, *overrides]
    if prepare is not None:
        prepare()
    runpy.run_path(str(ROOT / script), run_name="__main__")


def torchrun_variables(rank: int, size: int, port: int, nodes: int = 1) -> dict[str, str]:
    """The environment variables that torchrun sets for one of `size` processes."""
    local = size // nodes
    return {
        "TORCHELASTIC_RUN_ID": "test",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank % local),
        "GROUP_RANK": str(rank // local),
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(local),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def read_log(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def kill_all() -> None:
    """Kill the processes that a failed test has left running, and their loader workers."""
    while _started:
        process = _started.pop()
        if process.is_alive() and process.pid is not None:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.time() + 300
    while not condition():
        assert time.time() < end, "waited for 300 s"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def load(run: Path) -> dict[str, Any]:
    """The newest checkpoint of a run."""
    return torch.load(find_checkpoint(run), weights_only=True)


def logged(run: Path) -> list[dict[str, Any]]:
    """The rows that a run logged, without measured times."""
    rows = read_curves(run / "metrics.csv")
    times = ("throughput/", "metrics/seconds")
    return [{name: value for name, value in row.items() if not name.startswith(times)} for row in rows]


def assert_same_run(a: Path, b: Path) -> None:
    """Assert that two runs ended with bitwise equal weights, averages and optimizer states, and logged equal losses."""
    one, other = load(a), load(b)
    assert one["steps_done"] == other["steps_done"]
    for part in ("state_dict", "optimizer_states"):
        assert_equal(one[part], other[part], part)
    assert repr(logged(a)) == repr(logged(b))


def assert_equal(a: Any, b: Any, name: str = "") -> None:
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), name
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), name
        for key in a:
            assert_equal(a[key], b[key], f"{name}/{key}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), name
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_equal(one, other, f"{name}/{index}")
    else:
        assert a == b, name


def assert_close_runs(a: Path, b: Path, tolerance: float) -> None:
    """Assert that weights and averages agree to a tolerance, and logged losses to ten times that or seven digits."""
    one, other = load(a)["state_dict"], load(b)["state_dict"]
    assert one.keys() == other.keys()
    differences = {name: float((value - other[name]).abs().max()) for name, value in one.items()}
    assert max(differences.values()) < tolerance, sorted(differences.items(), key=lambda item: -item[1])[:5]
    for row, other_row in zip(logged(a), logged(b), strict=True):
        assert row == pytest.approx(other_row, rel=1e-6, abs=10 * tolerance)
