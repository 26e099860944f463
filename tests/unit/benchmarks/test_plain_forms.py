"""The baselines of the benchmarks compute what the shipped steps compute."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from benchmarks.models import MODELS, Sizes
from benchmarks.training_steps import PlainStep, ShippedStep, Variant

SIZES = Sizes(32, 2, tiny=True)


@pytest.fixture
def in_float64() -> Iterator[None]:
    """Rounding of float32 differs from processor to processor."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", MODELS)
def test_a_plain_step_and_ours_have_the_same_losses(name: str, in_float64: None) -> None:
    """All phases of a step, with the optimizers' steps between them."""
    model = MODELS[name](SIZES, torch.device("cpu"))
    plain, ours = PlainStep(model), ShippedStep(model, Variant("float32"))
    phases = list(plain())
    assert [phase for phase in ours() if phase != "ema"] == [phase for phase in phases if phase != "ema"]
    losses = {name: value for name, value in ours.terms.items() if not name.endswith("grad_norm")}
    assert losses.keys() == plain.terms.keys()
    first = phases[0]
    for term, value in plain.terms.items():
        # Adam divides by the size of a gradient: rounding of tiny ones changes weights, and losses of later phases
        tolerance = 1e-5 if term.startswith(f"{first}/") else 2e-2
        assert losses[term] == pytest.approx(value, rel=tolerance, abs=1e-6), term
    assert all(ours.terms[f"{phase}/grad_norm"] > 0 for phase in phases if phase != "ema")


@pytest.mark.parametrize("name", MODELS)
def test_bfloat16_with_channels_last_is_near(name: str) -> None:
    model = MODELS[name](SIZES, torch.device("cpu"))
    plain, ours = PlainStep(model), ShippedStep(model, Variant("x", bf16=True, channels_last=True))
    first = next(plain())
    for _ in ours():
        pass
    for term, value in plain.terms.items():
        assert ours.terms[term] == pytest.approx(value, rel=0.1, abs=0.02), (first, term)
