"""A phase: one loss and the networks it updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hairgan.losses.phase import PhaseLoss


@dataclass(frozen=True)
class Phase:
    """One loss and the networks it updates.

    Attributes:
        name: prefix of the logged terms, for example `d_latent`.
        loss: computes the loss (a scalar) and its named terms, which are logged; called once, when the phase runs.
        updates: names of the networks whose gradients are computed and whose optimizers step.
    """

    name: str
    loss: Callable[[], PhaseLoss]
    updates: tuple[str, ...]


class NonFiniteError(RuntimeError):
    """A loss, gradient or weight is not finite; the message names it and its step."""
