"""Parameter groups and learning rates of training."""

import pytest

from hairgan.networks.face_parser import BiSeNet
from hairgan.optimizers import bisenet_lr, bisenet_parameter_groups, linear_decay


def test_published_groups():
    parser = BiSeNet(18)
    groups = {group["name"]: group for group in bisenet_parameter_groups(parser)}
    assert {name: len(group["params"]) for name, group in groups.items()} == {
        "trunk": 27, "trunk_norm": 54, "fast": 9, "fast_norm": 8,
    }  # fmt: skip
    assert {name: (group["weight_decay"], group["lr_factor"]) for name, group in groups.items()} == {
        "trunk": (5e-4, 1), "trunk_norm": (0, 1), "fast": (5e-4, 10), "fast_norm": (0, 10),
    }  # fmt: skip
    assert {group["lr_factor"] for group in bisenet_parameter_groups(parser, head_lr_factor=2.0)} == {1, 2}
    assert sum(p.numel() for g in groups.values() for p in g["params"]) == sum(p.numel() for p in parser.parameters())


def test_published_schedule():
    assert bisenet_lr(0) == pytest.approx(1e-5)
    assert bisenet_lr(500) == pytest.approx((1e-5 * 1e-2) ** 0.5)
    assert bisenet_lr(1000) == pytest.approx(1e-2)
    assert bisenet_lr(40_500) == pytest.approx(1e-2 * 0.5**0.9)
    assert bisenet_lr(80_000) == bisenet_lr(90_000) == 0
    assert bisenet_lr(0, 10, warmup_steps=0) == pytest.approx(1e-2)
    with pytest.raises(ValueError, match="1000 steps does not fit into 900"):
        bisenet_lr(0, 900)


def test_linear_decay_is_constant_and_then_falls_to_zero():
    factors = [linear_decay(step, steps=8, constant_share=0.5) for step in (0, 3, 4, 6, 8, 9)]
    assert factors == [1, 1, 1, 0.5, 0, 0]
