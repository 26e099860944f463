"""The losses and gradient norms of a step, read without waiting for the device."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from lightning_modules.host_copy import HostCopy
from lightning_modules.phase import NonFiniteError, Phase

GRAD_NORM = "grad_norm"


class StepValues:
    """What the phases of one step have computed, on its way from the device to the host.

    A GPU works behind the host: reading a value waits until the GPU has computed it, and then the GPU waits for the
    host. So the values of a step are copied while the next step is computed, and read after it.

    Args:
        step: number of steps done before this one.
        batch: the step's batch.
    """

    def __init__(self, step: int, batch: dict[str, Any]) -> None:
        self.step = step
        self._ids: Tensor | None = batch.get("ids")
        self._names: list[tuple[str, str]] = []  # phase and name of each value
        self._may_overflow: set[str] = set()  # phases whose gradients a gradient scaler checks
        self._values: list[Tensor] = []
        self._sent: HostCopy | None = None

    def add(self, phase: Phase, terms: list[str], values: Tensor, norm: Tensor, *, may_overflow: bool) -> None:
        """Add the values of a phase.

        Args:
            terms: names of the losses.
            values: the losses, of shape (terms,), on their device.
            norm: the norm of the gradients.
            may_overflow: whether a gradient scaler skips updates with gradients that are not finite.
        """
        self._names += [(phase.name, name) for name in (*terms, GRAD_NORM)]
        self._values += [values, norm.to(values)[None]]
        if may_overflow:
            self._may_overflow.add(phase.name)

    def send(self) -> None:
        """Start the copy to the host; no values are added afterwards."""
        self._sent = HostCopy(torch.cat(self._values))

    def read(self) -> dict[str, float]:
        """The values as `phase/name`. Waits until the device has computed them.

        Raises:
            NonFiniteError: a loss or a norm is not finite; the message names it, the step, the phase and the images.
        """
        numbers = (torch.cat(self._values) if self._sent is None else self._sent.read()).tolist()
        for (phase, name), value in zip(self._names, numbers, strict=True):
            if not math.isfinite(value) and not (name == GRAD_NORM and phase in self._may_overflow):
                ids = [] if self._ids is None else self._ids.tolist()
                raise NonFiniteError(
                    f"step {self.step}, phase {phase}: {name} is {value}; training stopped, and no weight or "
                    f"average has taken it. The last checkpoint is untouched. Images of this batch: {ids}"
                )
        return {f"{phase}/{name}": value for (phase, name), value in zip(self._names, numbers, strict=True)}
