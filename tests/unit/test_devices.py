"""Devices by name; the tests run without a GPU."""

from __future__ import annotations

import pytest
import torch

from hairgan.devices import choose_device


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == choose_device("cpu") == torch.device("cpu")
    for name in ("cuda", "cuda:0"):
        with pytest.raises(ValueError, match=rf"device '{name}': this machine has no CUDA GPU that PyTorch can use"):
            choose_device(name)
    with pytest.raises(ValueError, match="no Apple GPU"):
        choose_device("mps")
    with pytest.raises(ValueError, match="there is no device 'gpu'; known are auto"):
        choose_device("gpu")
    for name in ("meta", "cpu:3", "xpu"):
        with pytest.raises(ValueError, match="is not supported"):
            choose_device(name)


def test_with_two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto").type == "cuda" and choose_device("cuda:1").index == 1
    with pytest.raises(ValueError, match="'cuda:2': this machine has 2 CUDA GPUs; use 'auto' for the best device"):
        choose_device("cuda:2")
