"""A head of StarGAN v2's mapping network for a new domain: its style codes are the mean of those of old domains.

A head has four layers. The mean of the weights of several heads is not a head with the mean of their codes: the units
of hidden layers do not correspond to each other, and their mean is nearly constant. So the hidden layers are those of
the old head whose codes are nearest to the mean, and the last layer is fitted to the mean by least squares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from hairgan.networks.stargan import MappingNetwork
from hairgan.randomness import normal
from hairgan.weights.stargan import mapping_network

CODES = 4096
"""Number of latent codes that the last layer is fitted on."""
RIDGE = 1e-4
"""Weight of the squares of the last layer's weights, relative to the mean square of the features."""


@torch.no_grad()
def mean_head(state: Mapping[str, Tensor], domains: Sequence[int]) -> dict[str, Tensor]:
    """The state dict of a new head, e.g. `0.weight`.

    Args:
        state: of the old mapping network.
        domains: the old domains whose mean it starts from.

    Raises:
        ValueError: it is not the state dict of a mapping network.
    """
    network = mapping_network(dict(state)).double()
    assert isinstance(network, MappingNetwork)
    z = normal(0, "mean head", shape=(CODES, network.latent_dim)).double()
    hidden = network.shared(z)
    heads = [network.unshared[domain] for domain in domains]
    codes = torch.stack([head(hidden) for head in heads])  # (K, N, style_dim)
    mean = codes.mean(dim=0)
    nearest = heads[int((codes - mean).square().mean(dim=(1, 2)).argmin())]
    assert isinstance(nearest, nn.Sequential)
    features = nearest[:-1](hidden)  # (N, hidden_dim)
    # ridge regression of what the old last layer does not explain, so that units without activity keep their weights
    last = nearest[-1]
    rest = mean - last(features)
    ones = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
    gram = ones.mT @ ones / len(ones)
    penalty = RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    change = torch.linalg.solve(gram + penalty, ones.mT @ rest / len(ones))  # (hidden_dim + 1, style_dim)
    last.weight += change[:-1].mT
    last.bias += change[-1]
    return {name: value.float() for name, value in nearest.state_dict().items()}
