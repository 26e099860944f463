"""A warning if half precision is slower than float32 on this CPU."""

from __future__ import annotations

import pytest

from lightning_modules.launch import precision
from lightning_modules.launch.precision import bfloat16_cost, slow_precision


@pytest.mark.parametrize("chosen", ["bf16-mixed", "16-mixed", "bf16"])
def test_slow_half_precision_gives_a_warning(chosen, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_cost", lambda: 1.84)
    assert slow_precision(chosen, "cpu") == (
        f"precision {chosen} is slow on this CPU: a convolution takes 1.8 times as long in bfloat16 as in float32; "
        "trainer.precision=32-true will be faster"
    )


@pytest.mark.parametrize(
    ("chosen", "device", "cost"),
    [("32-true", "cpu", 1.84), ("64-true", "cpu", 1.84), ("bf16-mixed", "cuda", 1.84), ("bf16-mixed", "cpu", 0.6)],
)
def test_there_is_no_warning_otherwise(chosen, device, cost, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_cost", lambda: cost)
    assert slow_precision(chosen, device) == ""


def test_the_cost_is_measured():
    assert 0.1 < bfloat16_cost() < 1000
