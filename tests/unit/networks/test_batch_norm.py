from __future__ import annotations

import copy

import torch
from torch import nn

from hairgan.networks import batch_norm


def test_synchronized_batch_norm_in_one_process_equals_batch_norm(monkeypatch):
    torch.manual_seed(0)
    alone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    nn.init.uniform_(alone[1].weight)
    nn.init.uniform_(alone[1].bias)
    synchronized = copy.deepcopy(alone)
    batch_norm.synchronize(synchronized)
    assert type(synchronized[1]) is batch_norm.SynchronizedBatchNorm2d
    assert list(synchronized.state_dict()) == list(alone.state_dict())
    monkeypatch.setattr(batch_norm, "_is_distributed", lambda: True)
    monkeypatch.setattr(batch_norm, "_sum_over_processes", lambda x: x)  # a single process

    x = torch.randn(5, 3, 8, 8)
    for network in (alone, synchronized):
        network(x).square().sum().backward()
    for (name, p), q in zip(alone.named_parameters(), synchronized.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad, rtol=1e-4, atol=1e-4, msg=name)
    torch.testing.assert_close(synchronized.state_dict(), alone.state_dict())
    alone.eval(), synchronized.eval()
    torch.testing.assert_close(synchronized(x), alone(x))
