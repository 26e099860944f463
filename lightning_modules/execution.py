"""How a step is computed, at the same mathematics: in parts, compiled, in another memory layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Execution:
    """Choices that change cost, not what is computed.

    Attributes:
        accumulate: number of parts that a process takes its rows of the batch in, one after another; the gradients of
            a phase are averaged over them. Statistics of a batch (batch norm, OHEM) are then those of a part.
        compile: whether networks are compiled with `torch.compile`; a name chooses its backend.
        channels_last: whether networks and images are kept in that layout.
        activation_checkpointing: whether blocks keep their inputs only and compute the rest again for gradients.
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
    """The rows of a batch in equal parts; each part knows where its rows lie in the global batch.

    Raises:
        ValueError: the rows cannot be shared out evenly.
    """
    rows = len(batch["ids"])
    if rows % parts:
        raise ValueError(f"accumulate={parts} cannot share out the {rows} images that a process has of a batch evenly")
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
    """The batch with its images in that layout."""
    return {
        name: value.contiguous(memory_format=torch.channels_last)
        if isinstance(value, Tensor) and value.ndim == 4
        else value
        for name, value in batch.items()
    }


def use_tf32(allowed: bool) -> None:
    """Whether float32 products and convolutions on GPUs may be computed in TensorFloat-32.

    Not in train.py: what a launcher pickles of a job (submitit) must not mention `torch.backends.cudnn`.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
