"""Devices by name, and float64 on those that lack it."""

from __future__ import annotations

import torch
from torch import Tensor

WITHOUT_FLOAT64 = {"mps"}
"""Kinds of devices on which a float64 tensor cannot be made."""


def float64_device(device: torch.device | str) -> torch.device:
    """Where sums in float64 for tensors of a device are kept: there, or on the CPU if it has no float64."""
    device = torch.device(device)
    return torch.device("cpu") if device.type in WITHOUT_FLOAT64 else device


def to_float64(tensor: Tensor) -> Tensor:
    """The values in float64, on the tensor's device, or on the CPU if it has no float64."""
    return tensor.to(float64_device(tensor.device)).double()


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """The device of a name: `"auto"` is the first GPU that PyTorch can use, else the CPU.

    Args:
        name: `"auto"`, `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`, ...

    Raises:
        ValueError: there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"there is no device '{name}'; known are auto, cpu, cuda, cuda:1, ..., mps") from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            there = f"{count} CUDA GPU{'s' if count > 1 else ''}" if count else "no CUDA GPU that PyTorch can use"
            raise ValueError(f"device '{name}': this machine has {there}; use 'auto' for the best device, or 'cpu'")
    elif device.type == "mps":
        if not _mps():
            raise ValueError(f"device '{name}': this machine has no Apple GPU that PyTorch can use")
    elif device.type != "cpu" or device.index:
        raise ValueError(f"device '{name}' is not supported; known are auto, cpu, cuda, cuda:1, ..., mps")
    return device


def _mps() -> bool:
    return torch.backends.mps.is_available()
