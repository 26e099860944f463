"""Fused optimizers, and states that move between the forms of an optimizer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from lightning_modules.fused_optimizers import make_optimizer, skips_on_device, step_unless

ADAM = partial(Adam, lr=1e-2, betas=(0.0, 0.99), weight_decay=1e-4)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 2))


def train(net: nn.Module, optimizer: Optimizer, steps: range) -> None:
    for step in steps:
        net.zero_grad()
        net(torch.randn(4, 5, generator=torch.Generator().manual_seed(step))).pow(2).mean().backward()
        optimizer.step()


@pytest.mark.parametrize(
    "make", [ADAM, partial(AdamW, lr=1e-2), partial(SGD, lr=1e-2, momentum=0.9, weight_decay=1e-4)]
)
def test_the_fused_form_computes_the_same(make: Callable[..., Optimizer]) -> None:
    plain, fused = network(), network()
    optimizer = make_optimizer(make, fused.parameters())
    assert skips_on_device(optimizer)
    train(plain, make(plain.parameters()), range(20))
    train(fused, optimizer, range(20))
    torch.testing.assert_close(fused.state_dict(), plain.state_dict(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [partial(Adam, foreach=True), partial(Adam, fused=False), partial(RMSprop, lr=0.1)])
def test_another_choice_is_kept(make: Callable[..., Optimizer]) -> None:
    optimizer = make_optimizer(make, network().parameters())
    assert not skips_on_device(optimizer) and not optimizer.defaults.get("fused")


def test_an_update_is_skipped_with_its_state() -> None:
    net = network()
    optimizer = make_optimizer(ADAM, net.parameters())
    train(net, optimizer, range(3))
    weights, state = snapshot(net, optimizer)
    net[0].weight.grad[0, 0] = float("nan")  # type: ignore[union-attr, index]
    step_unless(torch.ones(()), optimizer)
    torch.testing.assert_close(snapshot(net, optimizer), (weights, state), rtol=0, atol=0)
    train(net, optimizer, range(3, 4))
    assert not torch.equal(net[0].weight, weights["0.weight"])  # type: ignore[arg-type]


@pytest.mark.parametrize("saved_by", [ADAM, partial(ADAM, foreach=True)])
def test_a_checkpoint_of_another_form_continues_in_the_fused_form(saved_by: Callable[..., Optimizer]) -> None:
    whole, saved, continued = network(), network(), network()
    train(whole, ADAM(whole.parameters()), range(8))
    earlier = saved_by(saved.parameters())
    train(saved, earlier, range(5))
    continued.load_state_dict(saved.state_dict())
    optimizer = make_optimizer(ADAM, continued.parameters())
    optimizer.load_state_dict(earlier.state_dict())
    assert skips_on_device(optimizer)
    train(continued, optimizer, range(5, 8))
    torch.testing.assert_close(continued.state_dict(), whole.state_dict(), rtol=1e-5, atol=1e-6)


class FindsItsRate(SGD):
    """It keeps what it has found while training in its groups, as Prodigy and schedule-free optimizers do."""

    def __init__(self, params: Any, **settings: Any) -> None:
        super().__init__(params, **settings)
        for group in self.param_groups:
            group["found"] = 0


def test_a_saved_state_does_not_bring_its_settings() -> None:
    first, second = network().children()

    def optimizer(make: Callable[..., Optimizer], decay: float) -> Optimizer:
        groups = [
            {"params": list(first.parameters()), "weight_decay": decay, "lr_factor": 10 * decay},
            {"params": list(second.parameters())},
        ]
        made = make_optimizer(make, groups)
        for group in made.param_groups:
            group["initial_lr"] = group["lr"] / 2
        return made

    before = optimizer(partial(FindsItsRate, lr=0.1, momentum=0.5, weight_decay=0.1), 0.0)
    now = optimizer(partial(FindsItsRate, lr=0.2, momentum=0.9), 0.3)
    before.param_groups[0]["found"] = 7
    now.load_state_dict(before.state_dict())
    options = [{name: value for name, value in group.items() if name != "params"} for group in now.param_groups]
    shared = {"lr": 0.2, "initial_lr": 0.1, "momentum": 0.9}
    assert options[0].items() >= (shared | {"weight_decay": 0.3, "lr_factor": 3.0, "found": 7}).items()
    assert options[1].items() >= (shared | {"weight_decay": 0, "found": 0}).items()


def test_a_setting_that_needs_another_state_is_refused() -> None:
    net = network()
    before = make_optimizer(ADAM, net.parameters())
    train(net, before, range(2))
    with pytest.raises(ValueError, match=r"amsgrad=true needs .* start a new run from its weights with init=RUN"):
        make_optimizer(partial(ADAM, amsgrad=True), net.parameters()).load_state_dict(before.state_dict())


def test_groups_keep_their_options() -> None:
    first, second = network().children()
    groups = [{"params": list(first.parameters()), "lr_factor": 10.0}, {"params": list(second.parameters())}]
    optimizer = make_optimizer(partial(SGD, lr=0.1), groups)
    assert optimizer.param_groups[0]["lr_factor"] == 10.0 and skips_on_device(optimizer)


def snapshot(net: nn.Module, optimizer: Optimizer) -> tuple[dict[str, Any], dict[int, Any]]:
    state = optimizer.state_dict()["state"]
    copied = {index: {name: value.clone() for name, value in values.items()} for index, values in state.items()}
    return {name: value.clone() for name, value in net.state_dict().items()}, copied
