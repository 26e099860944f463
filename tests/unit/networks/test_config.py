"""A network remembers what it was made with."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.stargan import Generator, MappingNetwork
from hairgan.weights.trusted import NETWORKS, locate


class Parent(ConfiguredNetwork):
    def __init__(self, width: int, depth: int = 2) -> None:
        super().__init__()
        self.layer = nn.Linear(width, depth)


class Child(Parent):
    def __init__(self, flavor: float, **others: int) -> None:
        super().__init__(**others)
        self.flavor = flavor


class Heir(Parent):
    pass


def test_arguments_are_recorded_with_defaults() -> None:
    assert Parent(3).config == Parent(width=3, depth=2).config == {"width": 3, "depth": 2}
    assert Child(0.5, width=3).config == {"flavor": 0.5, "width": 3}, "its own, not its parent's"
    assert Heir(3, 4).config == {"width": 3, "depth": 4}
    again = Child(**Child(0.5, width=3, depth=1).config)
    assert again.flavor == 0.5 and again.layer.weight.shape == (1, 3)


def test_values_are_plain() -> None:
    heads = {"length": ("short", "long")}
    for given in (heads, OmegaConf.create(heads)):
        config = HairClassifier(base_width=2, heads=given).config
        assert config["heads"] == {"length": ["short", "long"]}
        assert type(config["heads"]) is dict and type(config["heads"]["length"]) is list


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_a_card_has_it(name: str) -> None:
    cls = locate(name)
    assert issubclass(cls, ConfiguredNetwork)
    with torch.device("meta"):
        network = cls()
    assert list(network.config) == list(inspect.signature(cls).parameters)


def test_nothing_else_of_a_network_changes() -> None:
    network = MappingNetwork(2, hidden_dim=4)
    assert not any("config" in key for key in network.state_dict())
    assert copy.deepcopy(network).config == network.config
    z, y = torch.zeros(2, 16), torch.zeros(2, dtype=torch.long)
    torch.testing.assert_close(torch.compile(network, backend="eager")(z, y), network(z, y))
    with pytest.raises(TypeError, match="unexpected keyword argument 'sise'"):
        Generator(sise=32)
