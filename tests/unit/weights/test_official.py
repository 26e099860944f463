"""Networks from state dicts in the published layout."""

from __future__ import annotations

import torch

from hairgan.networks import StarGANv2MappingNetwork
from hairgan.weights import from_official


def test_the_network_has_a_copy_of_the_tensors() -> None:
    state = StarGANv2MappingNetwork(2, hidden_dim=4).state_dict()
    network = from_official("stargan_v2/mapping_network", state)
    with torch.no_grad():
        next(network.parameters()).zero_()
    assert not network.training and state["shared.0.weight"].any(), "training the network leaves the state dict alone"
