from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from hairgan.networks.activation_checkpointing import checkpoint_activations
from hairgan.networks.sean import SEANGenerator, pixel_noise
from hairgan.networks.stargan import Generator


def stargan() -> tuple[nn.Module, list[nn.Module], tuple]:
    torch.manual_seed(0)
    network = Generator(32, style_dim=8, max_width=16, base_width=8, w_hpf=0)
    return network, [*network.encode, *network.decode], (torch.randn(2, 3, 32, 32), torch.randn(2, 8))


def sean() -> tuple[nn.Module, list[nn.Module], tuple]:
    torch.manual_seed(0)
    network = SEANGenerator(32, width=4, style_dim=8)
    labels = torch.randint(0, 19, (2, 32, 32))
    inputs = (labels, torch.randn(2, 19, 8), pixel_noise(0, 0, 0, batch=2, first=0))
    return network, list(network.blocks.values()), inputs


@pytest.mark.parametrize("family", [stargan, sean])
def test_gradients_and_buffers_stay_and_memory_falls(family):
    network, blocks, inputs = family()
    saved: dict[str, int] = {}

    def run(network: nn.Module, name: str) -> dict[str, torch.Tensor]:
        def pack(tensor: torch.Tensor) -> torch.Tensor:
            saved[name] = saved.get(name, 0) + tensor.numel()
            return tensor

        for _ in range(2):  # the second time on other buffers
            network.zero_grad()
            with saved_tensors_hooks(pack, lambda tensor: tensor):
                out = network(*inputs)
            out.square().mean().backward()
        gradients = {f"grad {n}": p.grad for n, p in network.named_parameters() if p.grad is not None}
        return {"out": out.detach(), **gradients, **dict(network.named_buffers())}

    expected = run(copy.deepcopy(network), "kept")
    keys = set(network.state_dict())
    checkpoint_activations(blocks)
    result = run(network, "computed again")
    assert set(network.state_dict()) == keys
    assert expected.keys() == result.keys()
    for name, value in expected.items():
        torch.testing.assert_close(result[name], value, rtol=0, atol=0, msg=name)
    assert saved["computed again"] < 0.5 * saved["kept"]
