"""Several processes without a DDP wrapper.

Alternating phases and R1's double backward break `DistributedDataParallel` (gradients silently not reduced, or unused
parameters); `PhasedModule` averages a phase's gradients itself, in one flat all-reduce. This strategy launches the
processes as Lightning's DDP does and leaves the module as it is.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from pytorch_lightning.strategies import DDPStrategy


class PhasedDDPStrategy(DDPStrategy):
    """DDP's launching and communication, with gradients reduced by the module."""

    def configure_ddp(self) -> None:
        assert self.model is not None
        with torch.no_grad():
            for tensor in (*self.model.parameters(), *self.model.buffers()):
                dist.broadcast(tensor, src=0)
