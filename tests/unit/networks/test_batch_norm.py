from __future__ import annotations

import copy

import torch
from torch import nn

from hairgan.networks import batch_norm


def test_a_synchronized_network_computes_and_remembers_what_it_did_alone(monkeypatch):
    torch.manual_seed(0)
    alone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    nn.init.uniform_(alone[1].weight)
    nn.init.uniform_(alone[1].bias)
    together = copy.deepcopy(alone)
    batch_norm.synchronize(together)
    assert type(together[1]) is batch_norm.SynchronizedBatchNorm2d
    assert list(together.state_dict()) == list(alone.state_dict())
    monkeypatch.setattr(batch_norm, "_several_processes", lambda: True)
    monkeypatch.setattr(batch_norm, "_total", lambda x: x)  # a world of one

    x = torch.randn(5, 3, 8, 8)
    for network in (alone, together):
        network(x).square().sum().backward()
    for (name, p), q in zip(alone.named_parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad, rtol=1e-4, atol=1e-4, msg=name)
    torch.testing.assert_close(together.state_dict(), alone.state_dict())
    alone.eval(), together.eval()
    torch.testing.assert_close(together(x), alone(x))
