"""A SLURM batch job, with SLURM's environment variables and a fake `scontrol`."""

from __future__ import annotations

import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from hairgan.weights.runs import FOLDER, by_step
from tests.integration import runs

JOB = "4711"


def start_tasks(
    overrides: list[str], folder: Path, log: Path, nodes: int, tasks: int, restarts: int = 0
) -> list[BaseProcess]:
    """Start the tasks of a job, spread over nodes, like srun. The fake `scontrol` writes its arguments to a file."""
    scontrol = folder / "bin" / "scontrol"
    scontrol.parent.mkdir(exist_ok=True)
    scontrol.write_text(f'#!/bin/sh\necho "$@" >> {folder / "scontrol.log"}\n')
    scontrol.chmod(0o755)
    shared = {
        "PATH": f"{scontrol.parent}:{os.environ['PATH']}",
        "SLURM_JOB_ID": JOB,
        "SLURM_JOB_NAME": "hair",
        "SLURM_RESTART_COUNT": str(restarts),
        "SLURM_NTASKS": str(tasks),
        "SLURM_NTASKS_PER_NODE": str(tasks // nodes),
        "SLURM_NNODES": str(nodes),
        "SLURM_NODELIST": "127.0.0.1",
        "MASTER_PORT": str(runs.free_port()),
    }

    def start(rank: int) -> BaseProcess:
        node, local = divmod(rank, tasks // nodes)
        own = {"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(local), "SLURM_NODEID": str(node)}
        return runs.start(overrides, log.with_suffix(f".{rank}"), shared | own)

    return [start(rank) for rank in range(tasks)]


@pytest.mark.parametrize(
    ("nodes", "tasks"), [(1, 1), pytest.param(1, 2, marks=pytest.mark.slow), pytest.param(2, 2, marks=pytest.mark.slow)]
)
def test_a_job_at_its_time_limit_saves_and_is_requeued(nodes, tasks, settings, tmp_path):
    on_cpu = ["trainer.accelerator=cpu", "trainer.precision=32-true"]
    job = [*settings("stargan", steps=100000), "trainer=slurm", *on_cpu, "logger=[csv]", "data.num_workers=0"]
    job += ["callbacks.checkpoints.every_n_steps=100000", "callbacks.sample_grids=null"]
    job += [f"paths.outputs={tmp_path / 'outputs'}"]

    first = start_tasks(job, tmp_path, tmp_path / "first", nodes, tasks)
    log = tmp_path / "first.0"
    runs.wait_for(lambda: "step/s, " in runs.read_log(log) or any(task.exitcode is not None for task in first))
    for task in first:
        assert task.pid is not None
        os.kill(task.pid, signal.SIGUSR1)
    for task in first:
        task.join(120)
    assert [task.exitcode for task in first] == [0] * tasks, runs.read_log(log)[-3000:]
    assert (tmp_path / "scontrol.log").read_text() == f"requeue {JOB}\n"  # once
    (run,) = (tmp_path / "outputs" / "stargan").iterdir()
    assert run.name == f"job_{JOB}"
    (saved,) = by_step(run / FOLDER)

    done = int(saved.stem.split("_")[1])
    again = start_tasks([*job, f"steps={done + 2}"], tmp_path, tmp_path / "again", nodes, tasks, restarts=1)
    for task in again:
        task.join(120)
    assert [task.exitcode for task in again] == [0] * tasks, runs.read_log(tmp_path / "again.0")[-3000:]
    assert f"{done} to {done + 2}, 4 images each" in runs.read_log(tmp_path / "again.0")
    assert runs.load(run)["steps_done"] == done + 2
    assert [path.name for path in (tmp_path / "outputs" / "stargan").iterdir()] == [run.name]
