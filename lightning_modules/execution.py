"""How a step is computed: in parts, compiled, in another memory layout. The mathematics stays the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Execution:
    """Choices that change the cost of a step, not its result.

    Attributes:
        accumulate: number of parts into which a process splits its rows of the batch. The gradients of a phase are
            averaged over the parts. Batch statistics (batch norm, OHEM) are then computed per part.
        compile: whether networks are compiled with `torch.compile`; a text is the name of its backend.
        channels_last: whether networks and images use the channels-last memory layout.
        activation_checkpointing: whether blocks keep only their inputs, and recompute the rest for the gradients.
    """

    accumulate: int = 1
    compile: bool | str = False
    channels_last: bool = False
    activation_checkpointing: bool = False

    @property
    def backend(self) -> str:
        """The backend of `torch.compile`."""
        return self.compile if isinstance(self.compile, str) else "inductor"


def split(batch: dict[str, Any], parts: int) -> list[dict[str, Any]]:
    """Split the rows of a batch into equal parts. `first_row` is each part's position in the global batch.

    Raises:
        ValueError: the rows cannot be split evenly.
    """
    rows = len(batch["ids"])
    if rows % parts:
        raise ValueError(f"accumulate={parts} cannot split the {rows} images per process evenly")
    size = rows // parts

    def part(number: int) -> dict[str, Any]:
        start = number * size
        rows_of = {
            name: value[start : start + size] if isinstance(value, Tensor) and value.ndim else value
            for name, value in batch.items()
        }
        return rows_of | {"first_row": batch["first_row"] + start}

    return [part(number) for number in range(parts)]


def in_channels_last(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch with its images in the channels-last memory layout."""
    return {
        name: value.contiguous(memory_format=torch.channels_last)
        if isinstance(value, Tensor) and value.ndim == 4
        else value
        for name, value in batch.items()
    }


def use_tf32(allowed: bool) -> None:
    """Allow or forbid TensorFloat-32 for float32 matrix products and convolutions on GPUs.

    This is not in train.py because a launcher (submitit) pickles its functions, and `torch.backends.cudnn` cannot be
    pickled.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
