"""Several processes without a DDP wrapper.

Alternating phases and R1's double backward break `DistributedDataParallel` (gradients silently not reduced, or unused
parameters); `PhasedModule` averages a phase's gradients itself, in one flat all-reduce. This strategy launches the
processes as Lightning's DDP does and leaves the module as it is.
"""

from __future__ import annotations

import time

import torch
import torch.distributed as dist
from pytorch_lightning.strategies import DDPStrategy

from hairgan.networks.batch_norm import synchronise

ANSWER_SECONDS = 10.0  # that a process may take to answer, beyond the others


class ProcessLostError(RuntimeError):
    """Other processes of the run are gone or do not answer; the message names them."""


class PhasedDDPStrategy(DDPStrategy):
    """DDP's launching and communication, with gradients reduced by the module and batch norm over all processes."""

    def configure_ddp(self) -> None:
        assert self.model is not None
        synchronise(self.model)
        with torch.no_grad():
            for tensor in (*self.model.parameters(), *self.model.buffers()):
                dist.broadcast(tensor, src=0)

    def explain(self, error: RuntimeError) -> str | None:
        """After a failed collective, a sentence that names the lost processes; None for an error of another kind.

        To be called by every process whose collective failed.
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
    """Answer the other processes, and return those that do not, through the store that connected them all.

    A group whose collective failed cannot tell: it knows that a connection is closed, but not always whose.

    Args:
        rank, size: this process, and how many there are.
        occasion: why the processes are asked; each name is for one use.
    """
    store = dist.distributed_c10d._get_default_store()
    lost = set(range(size))
    end = time.monotonic() + ANSWER_SECONDS
    try:
        store.set(f"{occasion}/{rank}", "")
        while lost and time.monotonic() < end:
            lost = {other for other in lost if not store.check([f"{occasion}/{other}"])}
            time.sleep(0.1)
    except RuntimeError:  # the store is gone, and with it the process that held it
        lost = lost - {rank} if len(lost) < size else {0}
    return lost
