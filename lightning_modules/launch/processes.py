"""Connects the processes of a run that torchrun or srun started, before there is a Trainer.

They must agree on the arguments of the Trainer, such as the run's directory: the first process decides and sends its
decision to the others. Processes that Lightning starts itself (trainer=ddp without torchrun) get it in their
environment.
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
"""Environment variable with the run of a process that Lightning started."""
RANK_VARIABLES = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""Environment variables in which Lightning looks for the rank; a process with a rank above 0 logs nothing."""
NUMBER_VARIABLES = (
    "RANK", "LOCAL_RANK", "GROUP_RANK", "NODE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "SLURM_RESTART_COUNT",
)  # fmt: skip
"""Environment variables that hold a number, read here and by Lightning."""

TIMEOUT = timedelta(minutes=30)  # a process of an evaluation waits this long for the others


def connect(trainer: DictConfig) -> None:
    """Connect the processes of this run, if torchrun or srun started several of them.

    Args:
        trainer: the trainer's config.

    Raises:
        ValueError: there are several processes but the trainer is for one, or there are fewer GPUs than processes.
    """
    environment = _launcher()
    if environment is None or environment.world_size() == 1 or dist.is_initialized():
        return
    if not OmegaConf.is_config(trainer.strategy):
        raise ValueError(
            f"{environment.world_size()} processes were started, but the trainer is for one: add trainer=ddp (GPUs) or "
            "trainer=ddp_sim (CPU)"
        )
    on_cpu = trainer.accelerator == "cpu" or not torch.cuda.is_available()
    if not on_cpu:
        torch.cuda.set_device(_own_gpu(environment))
    _connect(environment, on_cpu, instantiate(trainer.strategy.timeout))


def connect_on(device: str) -> torch.device:
    """Connect the processes of an evaluation, if torchrun or srun started several of them.

    Args:
        device: `auto`, `cpu`, `cuda`, `cuda:NUMBER` or `mps`.

    Returns:
        the device of this process; each of several processes takes the GPU of its local rank.

    Raises:
        ValueError: there is no such device, or fewer than processes.
    """
    environment, chosen = _launcher(), choose_device(device)
    if environment is None or environment.world_size() == 1:
        return chosen
    started = f"{environment.world_size()} processes were started, but"
    if chosen.index is not None:
        raise ValueError(f"{started} device={device} is one GPU: device=cuda gives each process its own")
    if chosen.type == "mps":
        raise ValueError(f"{started} this machine has one GPU: use device=cpu, or one process")
    if chosen.type == "cuda":
        chosen = _own_gpu(environment)
        torch.cuda.set_device(chosen)
    if not dist.is_initialized():
        _connect(environment, chosen.type == "cpu", TIMEOUT)
    return chosen


def _own_gpu(environment: ClusterEnvironment) -> torch.device:
    """The GPU of a process, by its local rank; otherwise all processes would take the first one."""
    rank, gpus = environment.local_rank(), torch.cuda.device_count()
    if rank >= gpus:
        raise ValueError(
            f"process {rank} of this machine (counted from 0) has no GPU of its own: there are {gpus}. Start as many "
            "processes as there are GPUs, or run on the CPU"
        )
    return torch.device("cuda", rank)


def _connect(environment: ClusterEnvironment, on_cpu: bool, timeout: timedelta) -> None:
    dist.init_process_group(
        "gloo" if on_cpu else "nccl",
        init_method=f"tcp://{environment.main_address}:{environment.main_port}" if _is_slurm(environment) else "env://",
        rank=environment.global_rank(),
        world_size=environment.world_size(),
        timeout=timeout,
    )


def disconnect() -> None:
    """End the connection of the processes of an evaluation, if there are several."""
    if dist.is_initialized():
        dist.destroy_process_group()


def is_first() -> bool:
    """Whether this is the first process of the run, or its only one."""
    return not dist.is_initialized() or dist.get_rank() == 0


def from_first_process(find: Callable[[], T]) -> T:
    """Call `find` in the first process only. All processes return its result, or raise its error."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return find()
    shared: list[object] = [None, None]  # the result, or the error
    if dist.get_rank() == 0:
        try:
            shared[0] = find()
        except Exception as error:
            shared[1] = error
    dist.broadcast_object_list(shared, src=0)
    result, error_of_first = shared
    if isinstance(error_of_first, Exception):
        raise error_of_first
    return result  # type: ignore[return-value]


@contextmanager
def name_lost_processes(trainer: pl.Trainer) -> Iterator[None]:
    """A context in which a failed communication between processes raises an error that names the lost processes.

    Raises:
        ProcessLostError: some processes are lost.
    """
    try:
        yield
    except RuntimeError as error:
        strategy = trainer.strategy
        if isinstance(strategy, PhasedDDPStrategy) and (lost := strategy.explain(error)):
            raise ProcessLostError(lost) from error
        raise


def launched_by_first() -> bool:
    """Whether Lightning started this process from the first one of the run (trainer=ddp without torchrun)."""
    return int(os.environ.get("LOCAL_RANK", "0")) > 0 and not launched_from_outside()


def launched_from_outside() -> bool:
    """Whether torchrun or srun started this process."""
    return _launcher() is not None


def _launcher() -> ClusterEnvironment | None:
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    try:
        return SLURMEnvironment(auto_requeue=False) if SLURMEnvironment.detect() else None
    except RuntimeError as error:  # the options of the SLURM job do not fit each other
        raise ValueError(" ".join(str(error).split())) from error


def check_environment() -> None:
    """Refuse environment variables for process numbers that are not numbers, or that are left from another run.

    Raises:
        ValueError: naming the variable.
    """
    for name in NUMBER_VARIABLES:
        value = os.environ.get(name)
        if value is not None and not re.fullmatch(r"\d{1,9}", value):
            raise ValueError(f"the environment variable {name} must be a whole number of 0 or more, not {value!r}")
    if launched_from_outside() or CHILD_VARIABLE in os.environ:
        return
    for name in RANK_VARIABLES:
        if os.environ.get(name, "0") != "0":
            raise ValueError(
                f"the environment variable {name}={os.environ[name]} says that this is one of several processes, but "
                f"neither torchrun nor srun started it, so it would log nothing: unset {name}"
            )


def _is_slurm(environment: ClusterEnvironment) -> bool:
    return isinstance(environment, SLURMEnvironment)
