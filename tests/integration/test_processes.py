"""Several processes give what one gives, and end together."""

from __future__ import annotations

import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from hairgan.weights.runs import find_checkpoint
from tests.integration import runs
from tests.integration.conftest import EXACT, GANS


def start_world(overrides: list[str], log: Path, size: int = 2, nodes: int = 1) -> list[BaseProcess]:
    port = runs.free_port()
    return [
        runs.start(overrides, log.with_suffix(f".{rank}"), runs.world(rank, size, port, nodes)) for rank in range(size)
    ]


@pytest.mark.parametrize("model", GANS)
def test_two_processes_train_as_one(model, exact_settings, tmp_path):
    """With R1, synchronised batch norm, noise, Adam, averages and a validation."""
    assert_two_are_as_one(model, exact_settings(model, steps=3), EXACT, tmp_path)


IN_FLOAT32 = {"stargan": 1e-6, "sean": 1e-3}  # SEAN's running variances: see docs/scaling.md


@pytest.mark.slow
@pytest.mark.parametrize("model", GANS)
def test_a_step_of_two_processes_is_near_in_float32(model, settings, compose_config, tmp_path):
    own = settings(model, steps=1, size=64 if model == "sean" else 32)
    plain = "_target_: torch.optim.SGD, _partial_: true, lr: 1.0e-4"  # Adam makes full steps of rounding
    networks = compose_config(*own).model.optimizers
    sgd = [f"~model.optimizers.{name}" for name in networks]
    sgd += [f"+model.optimizers.{name}={{{plain}}}" for name in networks]
    assert_two_are_as_one(model, [*own, *sgd], IN_FLOAT32[model], tmp_path)


def assert_two_are_as_one(model: str, overrides: list[str], tolerance: float, tmp_path: Path) -> None:
    shared = [*overrides, "logger=[csv]", "data.num_workers=0"]
    one = runs.start([*shared, "trainer=cpu", f"run_dir={tmp_path / 'one'}"], tmp_path / "log.one")
    two = start_world([*shared, "trainer=ddp_sim", f"paths.outputs={tmp_path / 'outputs'}"], tmp_path / "log")
    for process in (one, *two):
        process.join(300)
    assert [process.exitcode for process in (one, *two)] == [0, 0, 0], runs.log_of(tmp_path / "log.0")[-3000:]
    (run,) = (tmp_path / "outputs" / model).iterdir()  # one directory for both ranks
    runs.assert_close_runs(tmp_path / "one", run, tolerance)


@pytest.mark.slow
def test_two_nodes_of_two_processes_train_as_one(exact_settings, tmp_path):
    shared = [*exact_settings("stargan", steps=2), "logger=[csv]", "data.num_workers=0"]
    one = runs.start([*shared, "trainer=cpu", f"run_dir={tmp_path / 'one'}"], tmp_path / "log.one")
    nodes = [*shared, "trainer=ddp_sim", "trainer.num_nodes=2", f"paths.outputs={tmp_path / 'outputs'}"]
    four = start_world(nodes, tmp_path / "log", size=4, nodes=2)
    for process in (one, *four):
        process.join(300)
    assert [process.exitcode for process in (one, *four)] == [0] * 5, runs.log_of(tmp_path / "log.0")[-3000:]
    (run,) = (tmp_path / "outputs" / "stargan").iterdir()
    runs.assert_close_runs(tmp_path / "one", run, EXACT)


def hit(number: signal.Signals, settings, tmp_path: Path) -> list[BaseProcess]:
    """Send a signal to the second of two processes in mid-run; the processes, ended."""
    endless = [*settings("stargan", steps=100000), "callbacks.checkpoints.every_n_steps=100000", "trainer=ddp_sim"]
    endless += ["callbacks.sample_grids=null", "logger=[csv]", "data.num_workers=0", f"run_dir={tmp_path / 'run'}"]
    ranks = start_world(endless, tmp_path / "log")
    runs.wait_for(lambda: "step/s" in runs.log_of(tmp_path / "log.0") or any(r.exitcode is not None for r in ranks))
    assert ranks[1].pid is not None
    os.kill(ranks[1].pid, number)
    for process in ranks:
        process.join(120)
    return ranks


@pytest.mark.slow
def test_sigterm_to_one_process_saves_and_ends_all(settings, tmp_path):
    ranks = hit(signal.SIGTERM, settings, tmp_path)
    assert [rank.exitcode for rank in ranks] == [0, 0], runs.log_of(tmp_path / "log.0")[-3000:]
    assert runs.load(tmp_path / "run")["steps_done"] == int(find_checkpoint(tmp_path / "run").stem.split("_")[1])


@pytest.mark.slow
def test_a_lost_process_is_named(settings, tmp_path):
    ranks = hit(signal.SIGKILL, settings, tmp_path)
    assert ranks[0].exitcode == 1
    last = runs.log_of(tmp_path / "log.0").splitlines()[-1]
    assert last == "train.py: process 0 of 2 got no answer from process 1 in 10 s"
