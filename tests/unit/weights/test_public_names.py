"""`from hairgan.weights import ...`, as README and docs say."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import hairgan.weights
from hairgan.networks.stargan import MappingNetwork


def test_every_public_name_is_there() -> None:
    for name in hairgan.weights.__all__:
        assert callable(getattr(hairgan.weights, name)) and name in dir(hairgan.weights)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = hairgan.weights.nothing
    with pytest.raises(ImportError):
        from hairgan.weights import nothing  # noqa: F401


def test_from_official_takes_a_copy() -> None:
    from hairgan.weights import from_official

    state = MappingNetwork(2, hidden_dim=4).state_dict()
    network = from_official("stargan_v2/mapping_network", state)
    with torch.no_grad():
        next(network.parameters()).zero_()
    assert not network.training and state["shared.0.weight"].any(), "training the network leaves the state dict alone"


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "import sys, hairgan.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0
