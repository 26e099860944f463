"""A run that is killed again and again ends as if it had never been."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.integration import runs
from tests.integration.conftest import SMALL

pytestmark = pytest.mark.slow  # several processes, and moments that a loaded machine moves


def survive(overrides: list[str], outputs: Path, kills: int, seed: int) -> int:
    """Start a run, kill it (loader workers and all) at seeded moments, go on with it until it ends; count the kills."""
    moments = random.Random(seed)
    landed = 0
    for attempt in range(kills + 1):
        log = outputs.parent / f"log.{attempt}"
        process = runs.start([*overrides, f"paths.outputs={outputs}", "resume=auto"], log)
        assert process.pid is not None
        if attempt < kills:
            runs.wait_for(lambda log=log, process=process: "step/s" in runs.log_of(log) or process.exitcode is not None)
            process.join(moments.uniform(0, 1.5))
            if process.exitcode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.join()
                landed += 1
            elif process.exitcode == 0:
                return landed
        process.join(300)
        assert process.exitcode in (0, -signal.SIGKILL), runs.log_of(log)[-3000:]
    return landed


def check(model: str, workers: int, kills: int, steps: int, settings, tmp_path: Path) -> None:
    overrides = [*settings(model, steps=steps), "trainer=cpu", "logger=[csv]", f"data.num_workers={workers}"]
    overrides += ["callbacks.checkpoints.every_n_steps=1", "callbacks.sample_grids=null"]
    whole = runs.start([*overrides, f"run_dir={tmp_path / 'whole'}"], tmp_path / "log.whole")
    landed = survive(overrides, tmp_path / "outputs", kills, seed=workers)
    whole.join(300)
    assert landed >= 1, "every run ended before it was killed"
    runs_made = list((tmp_path / "outputs" / model).iterdir())
    halves = [run for run in runs_made if (run / "checkpoints").exists()]
    assert len(halves) == 1, runs_made  # one killed before its first checkpoint leaves an empty one
    runs.assert_same_run(tmp_path / "whole", halves[0])


def test_a_run_killed_twice(settings, tmp_path):
    check("stargan", workers=2, kills=2, steps=30, settings=settings, tmp_path=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("model", SMALL)
def test_a_run_killed_six_times(model, workers, settings, tmp_path):
    check(model, workers, kills=6, steps=60, settings=settings, tmp_path=tmp_path)
