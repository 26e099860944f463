"""Values on their way from the device to the host."""

from __future__ import annotations

import torch
from torch import Tensor


class HostCopy:
    """A copy of a tensor to the host that does not wait for the device until it is read.

    Args:
        tensor: values on any device; they must not change afterwards.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._tensor = tensor
        if tensor.is_cuda:
            self._tensor = tensor.to("cpu", non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def read(self) -> Tensor:
        """The values. Waits until the device has computed them."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._tensor
