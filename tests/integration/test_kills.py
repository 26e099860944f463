"""A run that is killed and resumed, even repeatedly, ends like one that was never interrupted."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from hairgan.weights.runs import FOLDER, by_step
from tests.integration import runs
from tests.integration.conftest import SMALL


def kill_this_process_while_it_writes_the_second_checkpoint() -> None:
    def replace(partial: Path, target: Path, original=Path.replace) -> Path:
        if target.name == "step_00000002.ckpt":
            os.truncate(partial, partial.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return original(partial, target)

    Path.replace = replace


def test_a_run_killed_while_writing_a_checkpoint_resumes_from_the_one_before(settings, tmp_path):
    overrides = overrides_of_a_killed_run("stargan", settings, steps=3, workers=0)
    whole = runs.start([*overrides, f"run_dir={tmp_path / 'whole'}"], tmp_path / "log.whole")
    run = tmp_path / "outputs" / "stargan" / "run"
    prepare = kill_this_process_while_it_writes_the_second_checkpoint
    killed = runs.start([*overrides, f"run_dir={run}"], tmp_path / "log.killed", prepare=prepare)
    killed.join(300)
    assert killed.exitcode == -signal.SIGKILL, runs.read_log(tmp_path / "log.killed")[-3000:]
    assert {file.name for file in (run / FOLDER).iterdir()} == {"step_00000001.ckpt", "step_00000002.partial"}
    resumed = runs.start([*overrides, f"paths.outputs={tmp_path / 'outputs'}", "resume=auto"], tmp_path / "log.resumed")
    for process in (resumed, whole):
        process.join(300)
        assert process.exitcode == 0, runs.read_log(tmp_path / "log.resumed")[-3000:]
    runs.assert_same_run(tmp_path / "whole", run)
    assert not list(run.rglob("*.partial"))


def overrides_of_a_killed_run(model: str, settings, steps: int, workers: int) -> list[str]:
    overrides = [*settings(model, steps=steps), "trainer=cpu", "logger=[csv]", f"data.num_workers={workers}"]
    if model == "hair_classifier":
        overrides.append("callbacks.early_stopping=null")
    return [*overrides, "callbacks.checkpoints.every_n_steps=1", "callbacks.sample_grids=null"]


def kill_and_resume(overrides: list[str], outputs: Path, kills: int, seed: int) -> int:
    """Start a run, kill it and its loader workers at random times, and resume it until it ends.

    Args:
        kills: largest number of kills.
        seed: of the times.

    Returns:
        the number of kills before the run ended.
    """
    moments = random.Random(seed)
    landed = 0
    for attempt in range(kills + 1):
        log = outputs.parent / f"log.{attempt}"
        process = runs.start([*overrides, f"paths.outputs={outputs}", "resume=auto"], log)
        assert process.pid is not None
        if attempt < kills:
            runs.wait_for(
                lambda log=log, process=process: "step/s" in runs.read_log(log) or process.exitcode is not None
            )
            process.join(moments.uniform(0, 1.5))
            if process.exitcode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.join()
                landed += 1
            elif process.exitcode == 0:
                return landed
        process.join(300)
        printed = runs.read_log(log)
        if (
            process.exitcode == 1 and "raise steps to continue" in printed
        ):  # killed between its last checkpoint and its end
            return landed
        assert process.exitcode in (0, -signal.SIGKILL), printed[-3000:]
    return landed


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("model", SMALL)
def test_a_run_killed_six_times_ends_with_the_same_weights(model, workers, settings, tmp_path):
    overrides = overrides_of_a_killed_run(model, settings, steps=60, workers=workers)
    whole = runs.start([*overrides, f"run_dir={tmp_path / 'whole'}"], tmp_path / "log.whole")
    landed = kill_and_resume(overrides, tmp_path / "outputs", kills=6, seed=workers)
    whole.join(300)
    assert landed >= 1, "every run ended before it was killed"
    runs_made = list((tmp_path / "outputs" / model).iterdir())
    saved = [run for run in runs_made if by_step(run / FOLDER)]  # a run killed before its first checkpoint has none
    assert len(saved) == 1, runs_made
    runs.assert_same_run(tmp_path / "whole", saved[0])
