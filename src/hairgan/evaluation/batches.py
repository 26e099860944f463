"""Images of a packed dataset in batches, divided among the processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.data.augment import to_float
from hairgan.data.packed_dataset import PackedDataset

Key = TypeVar("Key")


def is_distributed() -> bool:
    """Whether this process belongs to an initialized process group."""
    return dist.is_available() and dist.is_initialized()


def images_to_measure(dataset: PackedDataset, split: str, at_most: int | None) -> Int64[ndarray, " n"]:
    """Indices of the first images of a split; None takes all.

    Raises:
        ValueError: the split has no image.
    """
    indices = dataset.split(split)[:at_most]
    if not len(indices):
        raise ValueError(f"{dataset.path} has no image in the split '{split}'")
    return indices


def local_batches(indices: Int64[ndarray, " n"], batch_size: int) -> Iterator[Int64[ndarray, " b"]]:
    """This process's share of the indices, in batches."""
    if is_distributed():
        indices = indices[dist.get_rank() :: dist.get_world_size()]
    yield from batches(indices, batch_size)


def batches(indices: Int64[ndarray, " n"], batch_size: int) -> Iterator[Int64[ndarray, " b"]]:
    """All indices, in batches."""
    for start in range(0, len(indices), batch_size):
        yield indices[start : start + batch_size]


def read(
    dataset: PackedDataset, indices: Int64[ndarray, " b"], device: torch.device | str
) -> tuple[Float[Tensor, "b 3 h w"], Int64[Tensor, "b h w"] | None]:
    """Images in [-1, 1] and their label maps; None for the label maps of a dataset without any."""
    labels = None if dataset.labels is None else torch.from_numpy(dataset.label_maps(indices)).to(device).long()
    return to_float(torch.from_numpy(dataset.images[indices]).to(device)), labels


def read_labelled(
    dataset: PackedDataset, indices: Int64[ndarray, " b"], device: torch.device | str
) -> tuple[Float[Tensor, "b 3 h w"], Int64[Tensor, "b h w"]]:
    """Images in [-1, 1] and label maps of a dataset that has label maps."""
    images, labels = read(dataset, indices, device)
    assert labels is not None
    return images, labels


def sum_over_processes(tensor: Tensor) -> None:
    """Replace a tensor by its sum over all processes."""
    if is_distributed():
        dist.all_reduce(tensor)


def gather(found_here: Mapping[Key, Any]) -> dict[Key, Any]:
    """The union of what each process found for its share, sorted by key."""
    parts: list[Any] = [dict(found_here)]
    if is_distributed():
        parts = [None] * dist.get_world_size()
        dist.all_gather_object(parts, dict(found_here))
    everything = {key: value for part in parts for key, value in part.items()}
    return dict(sorted(everything.items()))
