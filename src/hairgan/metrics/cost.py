"""The cost of networks per image: parameters, multiply-adds and seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Cost:
    """The cost of processing one image.

    Attributes:
        million_parameters: of all networks involved, in millions.
        giga_multiply_adds: of convolutions and matrix products, in units of 1e9.
        seconds_per_image: median over repeated calls, one image at a time.
    """

    million_parameters: float
    giga_multiply_adds: float
    seconds_per_image: float


def measure_cost(
    work: Callable[[], Any], networks: Iterable[nn.Module], device: torch.device | str, repeats: int = 5
) -> Cost:
    """Measure the cost of processing one image.

    Args:
        work: runs the networks on one image.
        networks: the networks whose parameters are counted.
        device: where the networks are; a GPU is synchronized before the clock is read.
        repeats: number of timed calls, after one call in which multiply-adds are counted.
    """
    parameters = sum(parameter.numel() for network in networks for parameter in network.parameters())
    counted = multiply_adds(work)  # also warms up
    seconds = []
    for _ in range(repeats):
        _wait_for(device)
        start = time.perf_counter()
        work()
        _wait_for(device)
        seconds.append(time.perf_counter() - start)
    return Cost(parameters / 1e6, counted / 1e9, median(seconds))


@torch.no_grad()
def multiply_adds(work: Callable[[], Any]) -> int:
    """Multiply-adds of the convolutions and matrix products in a call; other operations are not counted."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() // 2


def _wait_for(device: torch.device | str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
