"""The processes of a run that torchrun or srun started side by side, before there is a Trainer.

They must agree on things that the Trainer is made of, such as the run's directory: what the first process finds is told
to the others. Processes that Lightning starts itself (trainer=ddp without torchrun) are told by their environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.plugins.environments import ClusterEnvironment, SLURMEnvironment, TorchElasticEnvironment

from hairgan.devices import choose_device
from lightning_modules.strategy import PhasedDDPStrategy, ProcessLostError

T = TypeVar("T")

CHILD_VARIABLE = "HAIRGAN_RUN"
"""By which a process that Lightning starts is told its run."""
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")  # Lightning is silent and logs nothing above 0
NUMBERS = ("RANK", "LOCAL_RANK", "GROUP_RANK", "NODE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "SLURM_RESTART_COUNT")
"""Variables of the environment that number processes, read here and by Lightning."""

WAIT = timedelta(minutes=30)  # how long a process of an evaluation waits for the others


def join(trainer: DictConfig) -> None:
    """Connect the processes of this run, where something else than Lightning has started several of them.

    Args:
        trainer: the trainer's config.

    Raises:
        ValueError: there are several processes, but the trainer is for one, or fewer GPUs than processes.
    """
    environment = _launcher()
    if environment is None or environment.world_size() == 1 or dist.is_initialized():
        return
    if not OmegaConf.is_config(trainer.strategy):
        raise ValueError(
            f"{environment.world_size()} processes were started for a trainer of one process: "
            "add trainer=ddp (GPUs) or trainer=ddp_sim (CPU)"
        )
    on_cpu = trainer.accelerator == "cpu" or not torch.cuda.is_available()
    if not on_cpu:
        torch.cuda.set_device(_own_gpu(environment))
    _connect(environment, on_cpu, instantiate(trainer.strategy.timeout))


def join_on(device: str) -> torch.device:
    """Connect the processes of an evaluation, where torchrun or srun has started several of them.

    Args:
        device: the device's name, as typed.

    Returns:
        the device of this process: with several on GPUs, the GPU of its number on this machine.

    Raises:
        ValueError: there is no such device, or not one for each process.
    """
    environment, chosen = _launcher(), choose_device(device)
    if environment is None or environment.world_size() == 1:
        return chosen
    several = f"{environment.world_size()} processes were started for"
    if chosen.index is not None:
        raise ValueError(f"{several} device={device}, which is one GPU: device=cuda gives each process its own")
    if chosen.type == "mps":
        raise ValueError(f"{several} the one GPU of this machine: device=cpu, or one process")
    if chosen.type == "cuda":
        chosen = _own_gpu(environment)
        torch.cuda.set_device(chosen)
    if not dist.is_initialized():
        _connect(environment, chosen.type == "cpu", WAIT)
    return chosen


def _own_gpu(environment: ClusterEnvironment) -> torch.device:
    """The GPU of a process, by its number on its machine: without a choice all would take the first one."""
    number, there = environment.local_rank(), torch.cuda.device_count()
    if number >= there:
        raise ValueError(
            f"process {number} of this machine (counted from 0) has no GPU of its own: there are {there}. Start as "
            "many processes as GPUs, or run on the CPU"
        )
    return torch.device("cuda", number)


def _connect(environment: ClusterEnvironment, on_cpu: bool, timeout: timedelta) -> None:
    dist.init_process_group(
        "gloo" if on_cpu else "nccl",
        init_method=f"tcp://{environment.main_address}:{environment.main_port}" if _is_slurm(environment) else "env://",
        rank=environment.global_rank(),
        world_size=environment.world_size(),
        timeout=timeout,
    )


def from_first(find: Callable[[], T]) -> T:
    """What `find` gives in the first process, in all of them; what it raises there is raised in all of them."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return find()
    told: list[object] = [None, None]
    if dist.get_rank() == 0:
        try:
            told[0] = find()
        except Exception as error:
            told[1] = error
    dist.broadcast_object_list(told, src=0)
    if isinstance(told[1], Exception):
        raise told[1]
    return told[0]  # type: ignore[return-value]


@contextmanager
def name_lost_processes(trainer: pl.Trainer) -> Iterator[None]:
    """Where a collective of several processes fails, say which of them are gone."""
    try:
        yield
    except RuntimeError as error:
        strategy = trainer.strategy
        if isinstance(strategy, PhasedDDPStrategy) and (lost := strategy.explain(error)):
            raise ProcessLostError(lost) from error
        raise


def launched_from_outside() -> bool:
    """Whether torchrun or srun started this process."""
    return _launcher() is not None


def _launcher() -> ClusterEnvironment | None:
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    try:
        return SLURMEnvironment(auto_requeue=False) if SLURMEnvironment.detect() else None
    except RuntimeError as error:  # of how the job was asked for
        raise ValueError(" ".join(str(error).split())) from error


def check_environment() -> None:
    """Refuse variables of the environment that number processes, where they hold something else or nobody started
    several.

    Raises:
        ValueError: naming the variable.
    """
    for name in NUMBERS:
        value = os.environ.get(name)
        if value is not None and not re.fullmatch(r"\d{1,9}", value):
            raise ValueError(f"the environment variable {name} must be a whole number of 0 or more, not {value!r}")
    if launched_from_outside() or CHILD_VARIABLE in os.environ:
        return
    for name in RANKS:
        if os.environ.get(name, "0") != "0":
            raise ValueError(
                f"{name}={os.environ[name]} in the environment says that this is one of several processes, but neither "
                f"torchrun nor srun started it, and it would log nothing: unset {name}"
            )


def _is_slurm(environment: ClusterEnvironment) -> bool:
    return isinstance(environment, SLURMEnvironment)
