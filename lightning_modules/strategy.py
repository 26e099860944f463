"""Several processes without a DDP wrapper.

Alternating phases and R1's double backward break `DistributedDataParallel` (gradients silently not reduced, or unused
parameters); `PhasedModule` averages a phase's gradients itself, in one flat all-reduce. This strategy launches the
processes as Lightning's DDP does and leaves the module as it is.
"""

from __future__ import annotations

from datetime import timedelta

import torch
import torch.distributed as dist
from pytorch_lightning.strategies import DDPStrategy

from hairgan.networks.batch_norm import synchronise

ROLL_CALL = timedelta(seconds=10)  # what a process may take to answer, beyond the others


class ProcessLostError(RuntimeError):
    """Other processes of the run are gone or do not answer; the message names them."""


class PhasedDDPStrategy(DDPStrategy):
    """DDP's launching and communication, with gradients reduced by the module and batch norm over all processes."""

    def setup_distributed(self) -> None:
        super().setup_distributed()
        # of its own: a group whose collective failed answers no more
        self._roll_call = dist.new_group(backend="gloo", timeout=ROLL_CALL)

    def configure_ddp(self) -> None:
        assert self.model is not None
        synchronise(self.model)
        with torch.no_grad():
            for tensor in (*self.model.parameters(), *self.model.buffers()):
                dist.broadcast(tensor, src=0)

    def explain(self, error: RuntimeError) -> str | None:
        """After a failed collective, which processes answer no more; None for an error of another kind.

        To be called by every process whose collective failed.
        """
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            return None
        try:
            dist.monitored_barrier(self._roll_call, timeout=ROLL_CALL, wait_all_ranks=True)
        except RuntimeError as absence:
            return f"process {self.global_rank} of {self.world_size} has lost others. {absence}"
        return None
