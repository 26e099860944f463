"""The result of computing the loss of a training phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class PhaseLoss(NamedTuple):
    """What a phase minimizes, and its terms for the logs.

    Attributes:
        total: the weighted sum of the terms, with its graph.
        terms: name -> term without its weight, detached.
    """

    total: Float[Tensor, ""]
    terms: dict[str, Tensor]

    @classmethod
    def of(cls, total: Float[Tensor, ""], terms: Mapping[str, Float[Tensor, ""]]) -> PhaseLoss:
        """Make one from terms that still have their graph, which are detached."""
        return cls(total, {name: term.detach() for name, term in terms.items()})
