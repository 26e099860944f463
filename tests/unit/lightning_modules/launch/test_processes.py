"""Which device a process of several takes, without a GPU to take."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from lightning_modules.launch import processes
from tests.integration.runs import world


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine with GPUs; notes how its processes connect, and which GPU is made the current one."""
    noted: dict[str, object] = {}
    monkeypatch.setattr(dist, "init_process_group", lambda backend, **facts: noted.update(facts, backend=backend))
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: noted.update(current=torch.device(device)))

    def make(gpus: int, rank: int = 0, size: int = 1, nodes: int = 1) -> dict[str, object]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        for name, value in (world(rank, size, 1234, nodes) if size > 1 else {}).items():
            monkeypatch.setenv(name, value)
        return noted

    return make


def test_each_process_takes_the_gpu_of_its_number_on_its_machine(machine):
    noted = machine(gpus=2, rank=3, size=4, nodes=2)
    assert processes.connect_on("auto") == torch.device("cuda", 1) == noted["current"]
    assert (noted["backend"], noted["rank"], noted["world_size"]) == ("nccl", 3, 4)


def test_one_process_is_left_alone(machine):
    noted = machine(gpus=2)
    assert processes.connect_on("cuda") == torch.device("cuda") and processes.connect_on("cpu") == torch.device("cpu")
    assert not noted


def test_processes_on_the_cpu(machine):
    noted = machine(gpus=2, rank=1, size=2)
    assert processes.connect_on("cpu") == torch.device("cpu")
    assert noted["backend"] == "gloo" and "current" not in noted


@pytest.mark.parametrize(
    ("device", "gpus", "sentence"),
    [
        ("cuda:1", 2, "4 processes were started, but device=cuda:1 is one GPU: device=cuda gives each"),
        ("auto", 2, r"process 2 of this machine .* has no GPU of its own: there are 2"),
        ("cuda", 0, "no CUDA GPU"),
    ],
)
def test_devices_that_cannot_be(device, gpus, sentence, machine):
    machine(gpus=gpus, rank=2, size=4)
    with pytest.raises(ValueError, match=sentence):
        processes.connect_on(device)


@pytest.mark.parametrize("value", ["x", "-1", ""])
def test_the_number_of_a_process_is_one(value, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", value)
    with pytest.raises(ValueError, match=f"LOCAL_RANK must be a whole number of 0 or more, not '{value}'"):
        processes.check_environment()


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK"])
def test_a_left_over_rank_is_refused_as_its_run_would_log_nothing(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    with pytest.raises(ValueError, match=f"{name}=1 says that this is one of several .* unset {name}"):
        processes.check_environment()
    with monkeypatch.context() as started:
        started.setenv(processes.CHILD_VARIABLE, "{}")
        processes.check_environment()
    for variable, value in world(1, 2, 1234).items():
        monkeypatch.setenv(variable, value)
    processes.check_environment()


def test_a_job_that_slurm_tasks_do_not_fit_is_a_sentence(monkeypatch):
    for name, value in {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "training"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="--ntasks-per-node"):
        processes.launched_from_outside()


def test_a_training_has_a_gpu_for_each_process(machine, compose_config):
    machine(gpus=1, rank=1, size=2)
    with pytest.raises(ValueError, match=r"process 1 of this machine .* has no GPU of its own: there are 1"):
        processes.connect(compose_config("trainer=ddp").trainer)
