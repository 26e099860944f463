"""A run that is killed again and again ends as if it had never been."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from hairgan.weights.runs import FOLDER, by_step
from tests.integration import runs
from tests.integration.conftest import SMALL


def die_while_writing_the_second_checkpoint() -> None:
    def replace(partial: Path, target: Path, was=Path.replace) -> Path:
        if target.name == "step_00000002.ckpt":
            os.truncate(partial, partial.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return was(partial, target)

    Path.replace = replace


def test_a_run_killed_while_it_writes_a_checkpoint(settings, tmp_path):
    overrides = overrides_of_a_killed_run("stargan", settings, steps=3, workers=0)
    whole = runs.start([*overrides, f"run_dir={tmp_path / 'whole'}"], tmp_path / "log.whole")
    run = tmp_path / "outputs" / "stargan" / "run"
    die = die_while_writing_the_second_checkpoint
    killed = runs.start([*overrides, f"run_dir={run}"], tmp_path / "log.killed", prepare=die)
    killed.join(300)
    assert killed.exitcode == -signal.SIGKILL, runs.log_of(tmp_path / "log.killed")[-3000:]
    assert {file.name for file in (run / FOLDER).iterdir()} == {"step_00000001.ckpt", "step_00000002.partial"}
    resumed = runs.start([*overrides, f"paths.outputs={tmp_path / 'outputs'}", "resume=auto"], tmp_path / "log.resumed")
    for process in (resumed, whole):
        process.join(300)
        assert process.exitcode == 0, runs.log_of(tmp_path / "log.resumed")[-3000:]
    runs.assert_same_run(tmp_path / "whole", run)
    assert not list(run.rglob("*.partial"))


def overrides_of_a_killed_run(model: str, settings, steps: int, workers: int) -> list[str]:
    own = [*settings(model, steps=steps), "trainer=cpu", "logger=[csv]", f"data.num_workers={workers}"]
    if model == "hair_classifier":
        own.append("callbacks.early_stopping=null")
    return [*own, "callbacks.checkpoints.every_n_steps=1", "callbacks.sample_grids=null"]


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
        said = runs.log_of(log)
        if process.exitcode == 1 and "asks for no more" in said:  # killed between its last checkpoint and its end
            return landed
        assert process.exitcode in (0, -signal.SIGKILL), said[-3000:]
    return landed


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("model", SMALL)
def test_a_run_killed_six_times(model, workers, settings, tmp_path):
    overrides = overrides_of_a_killed_run(model, settings, steps=60, workers=workers)
    whole = runs.start([*overrides, f"run_dir={tmp_path / 'whole'}"], tmp_path / "log.whole")
    landed = survive(overrides, tmp_path / "outputs", kills=6, seed=workers)
    whole.join(300)
    assert landed >= 1, "every run ended before it was killed"
    runs_made = list((tmp_path / "outputs" / model).iterdir())
    halves = [run for run in runs_made if by_step(run / FOLDER)]  # one killed before its first checkpoint has none
    assert len(halves) == 1, runs_made
    runs.assert_same_run(tmp_path / "whole", halves[0])
