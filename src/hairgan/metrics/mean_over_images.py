"""The base of metrics that are means over images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from hairgan.devices import to_float64
from hairgan.metrics.definitions import Definition
from hairgan.metrics.float64_states import Float64States


class MeanOverImages(Float64States):
    """Means of one or more values per image; an image whose value is NaN is left out of the mean of that value.

    Args:
        names: of the values; None takes those of `definitions`.

    Attributes:
        families: of a metric of your own: the model families that it measures, e.g. `("sean",)`.
        definitions: of a metric of your own: its values by name.
        last: the values of each image in the last batch, by name.
    """

    families: ClassVar[tuple[str, ...]] = ()
    definitions: ClassVar[Mapping[str, Definition]] = {}
    full_state_update = False
    is_differentiable = False
    sums: Tensor
    counts: Tensor
    images: Tensor

    def __init__(self, names: tuple[str, ...] | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.names = names = tuple(self.definitions) if names is None else names
        self.last: dict[str, Tensor] = {}
        self.add_state("sums", torch.zeros(len(names), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("counts", torch.zeros(len(names), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("images", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def add(self, values: Float[Tensor, "n b"]) -> None:
        """Add the values of b images, in the order of the names."""
        self.last = dict(zip(self.names, values, strict=True))
        defined = ~values.isnan()
        self.sums += to_float64(torch.where(defined, values, 0).sum(1))
        self.counts += to_float64(defined.sum(1))
        self.images += values.shape[1]

    def values_of_images(self) -> list[dict[str, float]]:
        """The values of each image in the last batch, by name."""
        columns = [values.tolist() for values in self.last.values()]
        return [dict(zip(self.last, row, strict=True)) for row in zip(*columns, strict=True)]

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The means by name; NaN for a value that is NaN for all images.

        Raises:
            ValueError: no images.
        """
        if self.images == 0:
            raise ValueError(f"{type(self).__name__} has seen no images")
        return dict(zip(self.names, (self.sums / self.counts).float(), strict=True))
