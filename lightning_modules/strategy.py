"""Several processes without a DDP wrapper.

Alternating phases and R1's double backward break `DistributedDataParallel`: gradients are silently not reduced, or
parameters count as unused. `PhasedModule` averages the gradients of a phase itself, in one flat all-reduce. This
strategy launches processes as Lightning's DDP does, and does not wrap the module.
"""

from __future__ import annotations

import time

import torch
import torch.distributed as dist
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor

from hairgan.networks.batch_norm import synchronize

ANSWER_SECONDS = 10.0  # time within which other processes have to answer


class ProcessLostError(RuntimeError):
    """Other processes of the run have ended or do not answer; the message names them."""


class PhasedDDPStrategy(DDPStrategy):
    """Launches and connects processes as DDP does. The module averages the gradients; batch norm uses all processes."""

    def configure_ddp(self) -> None:
        assert self.model is not None
        synchronize(self.model)
        with torch.no_grad():
            for tensor in (*self.model.parameters(), *self.model.buffers()):
                dist.broadcast(tensor, src=0)

    def explain(self, error: RuntimeError) -> str | None:
        """A sentence that names the lost processes after a failed collective; None for any other error.

        Every process whose collective failed has to call it.
        """
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            return None
        lost = find_lost_processes(self.global_rank, self.world_size)
        if not lost:
            return None
        names = ", ".join(map(str, sorted(lost)))
        return (
            f"process {self.global_rank} of {self.world_size} got no answer from process {names} "
            f"in {ANSWER_SECONDS:g} s"
        )


def find_lost_processes(rank: int, size: int, occasion: str = "here") -> set[int]:
    """The ranks of the processes that do not answer within `ANSWER_SECONDS`.

    Processes answer through the store that connected them at the start. A process group with a failed collective knows
    that a connection is closed, but not always to which process.

    Args:
        rank, size: this process, and the number of processes.
        occasion: a key for the answers. Each key can be used once.
    """
    store = dist.distributed_c10d._get_default_store()
    lost = set(range(size))
    end = time.monotonic() + ANSWER_SECONDS
    try:
        store.set(f"{occasion}/{rank}", "")
        while lost and time.monotonic() < end:
            lost = {other for other in lost if not store.check([f"{occasion}/{other}"])}
            time.sleep(0.1)
    except RuntimeError:  # the process that held the store has ended
        lost = lost - {rank} if len(lost) < size else {0}
    return lost


def average_over_processes(tensors: list[Tensor]) -> None:
    """Replace each tensor by its mean over the processes, in one flat all-reduce. Does nothing in a single process."""
    if not tensors or not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return
    flat = torch.cat([t.reshape(-1) for t in tensors])
    dist.all_reduce(flat)
    flat.div_(dist.get_world_size())
    for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
