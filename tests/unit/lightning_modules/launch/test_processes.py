"""The device of each process, tested without GPUs, and checks of the environment variables."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from lightning_modules.launch import processes
from tests.integration.runs import torchrun_variables


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Simulates a machine with GPUs; returns how a process connects, and which GPU becomes the current one."""
    recorded: dict[str, object] = {}
    monkeypatch.setattr(dist, "init_process_group", lambda backend, **facts: recorded.update(facts, backend=backend))
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: recorded.update(current=torch.device(device)))

    def make(gpus: int, rank: int = 0, size: int = 1, nodes: int = 1) -> dict[str, object]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        for name, value in (torchrun_variables(rank, size, 1234, nodes) if size > 1 else {}).items():
            monkeypatch.setenv(name, value)
        return recorded

    return make


def test_each_process_uses_the_gpu_of_its_local_rank(machine):
    recorded = machine(gpus=2, rank=3, size=4, nodes=2)
    assert processes.connect_on("auto") == torch.device("cuda", 1) == recorded["current"]
    assert (recorded["backend"], recorded["rank"], recorded["world_size"]) == ("nccl", 3, 4)


def test_a_single_process_does_not_connect(machine):
    recorded = machine(gpus=2)
    assert processes.connect_on("cuda") == torch.device("cuda") and processes.connect_on("cpu") == torch.device("cpu")
    assert not recorded


def test_processes_on_the_cpu_connect_with_gloo(machine):
    recorded = machine(gpus=2, rank=1, size=2)
    assert processes.connect_on("cpu") == torch.device("cpu")
    assert recorded["backend"] == "gloo" and "current" not in recorded


@pytest.mark.parametrize(
    ("device", "gpus", "sentence"),
    [
        ("cuda:1", 2, "4 processes were started, but device=cuda:1 is one GPU: device=cuda gives each"),
        ("auto", 2, r"process 2 of this machine .* has no GPU of its own: there are 2"),
        ("cuda", 0, "no CUDA GPU"),
    ],
)
def test_impossible_devices_are_refused(device, gpus, sentence, machine):
    machine(gpus=gpus, rank=2, size=4)
    with pytest.raises(ValueError, match=sentence):
        processes.connect_on(device)


@pytest.mark.parametrize("value", ["x", "-1", ""])
def test_a_rank_that_is_not_a_number_is_refused(value, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", value)
    with pytest.raises(ValueError, match=f"LOCAL_RANK must be a whole number of 0 or more, not '{value}'"):
        processes.check_environment()


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK"])
def test_a_rank_left_from_another_run_is_refused(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    with pytest.raises(ValueError, match=f"{name}=1 says that this is one of several .* unset {name}"):
        processes.check_environment()
    with monkeypatch.context() as started:
        started.setenv(processes.CHILD_VARIABLE, "{}")
        processes.check_environment()
    for variable, value in torchrun_variables(1, 2, 1234).items():
        monkeypatch.setenv(variable, value)
    processes.check_environment()


def test_inconsistent_options_of_a_slurm_job_are_reported(monkeypatch):
    for name, value in {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "training"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="--ntasks-per-node"):
        processes.launched_from_outside()


def test_training_needs_one_gpu_per_process(machine, compose_config):
    machine(gpus=1, rank=1, size=2)
    with pytest.raises(ValueError, match=r"process 1 of this machine .* has no GPU of its own: there are 1"):
        processes.connect(compose_config("trainer=ddp").trainer)
