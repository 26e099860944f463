"""Training steps of a small module with two networks."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins import MixedPrecision
from torch import nn

from lightning_modules.execution import Execution
from lightning_modules.phase import NonFiniteError
from tests.unit.lightning_modules.two_networks import TwoNetworks, fit


def test_phases_update_only_their_networks_and_the_average_follows(tmp_path):
    module = TwoNetworks(ema=("second",), ema_decay=0.5)
    torch.manual_seed(0)
    first, second = nn.Linear(3, 3), nn.Linear(3, 1)
    average = second.weight.detach().clone()
    random = torch.Generator().manual_seed(1)
    for _ in range(3):
        x = torch.randn(4, 3, generator=random)
        loss = second(first(x)).pow(2).mean()
        parameters = [*first.parameters(), *second.parameters()]
        with torch.no_grad():
            for p, grad in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                p -= 0.1 * grad
        loss = second(first(x)).abs().mean()
        with torch.no_grad():
            for p, grad in zip(second.parameters(), torch.autograd.grad(loss, list(second.parameters())), strict=True):
                p -= 0.1 * grad
        average = 0.5 * average + 0.5 * second.weight.detach()
    fit(module, tmp_path=tmp_path)
    torch.testing.assert_close(module.networks["first"].weight, first.weight)
    torch.testing.assert_close(module.networks["second"].weight, second.weight)
    torch.testing.assert_close(module.averaged("second").weight, average)
    assert module.averaged("first") is module.networks["first"]
    assert module.steps_done == 3 and set(module.last_logs) == {
        "both/square", "both/loss", "both/grad_norm", "late/loss", "late/grad_norm",
    }  # fmt: skip


def test_the_schedule_is_a_function_of_the_step(tmp_path):
    module = TwoNetworks(schedule=lambda step: 0.0 if step >= 1 else 1.0)
    fit(module, steps=1, tmp_path=tmp_path)
    after_one = module.networks["first"].weight.detach().clone()
    module.steps_done = 1
    fit(module, steps=2, tmp_path=tmp_path)
    torch.testing.assert_close(module.networks["first"].weight, after_one, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("poison_at", r"step 1, phase both: loss is nan.*\[4, 5, 6, 7\]"),
        ("steep_at", r"step 1, phase both: grad_norm is inf.*\[4, 5, 6, 7\]"),
    ],
)
def test_values_that_are_not_finite_stop_training_before_a_weight_or_average_takes_them(fault, message, tmp_path):
    good = TwoNetworks(ema=("second",))
    before = fit(good, steps=1, tmp_path=tmp_path).strategy.optimizers
    bad = TwoNetworks(ema=("second",), **{fault: 1})
    trainers = []
    with pytest.raises(NonFiniteError, match=message):
        fit(bad, tmp_path=tmp_path, callbacks=[KeepTrainer(trainers)])
    torch.testing.assert_close(bad.networks.state_dict(), good.networks.state_dict(), rtol=0, atol=0)
    assert all(value.isfinite().all() for value in bad.ema.state_dict().values())
    for optimizer, earlier in zip(trainers[0].strategy.optimizers, before, strict=True):
        torch.testing.assert_close(optimizer.state_dict(), earlier.state_dict(), rtol=0, atol=0)
    assert bad.steps_done == 2, "it was noticed at the end of the next step"
    assert bad.last_logs == good.last_logs and all(p.grad is None for p in bad.parameters())


class KeepTrainer(pl.Callback):
    def __init__(self, trainers: list[pl.Trainer]) -> None:
        self.trainers = trainers

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.trainers.append(trainer)


def test_gradients_are_clipped_by_the_norm_of_their_phase(tmp_path):
    module, free = TwoNetworks(), TwoNetworks()
    module.gradient_clip = 0.01
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(module, steps=1, tmp_path=tmp_path)
    fit(free, steps=1, tmp_path=tmp_path)
    assert module.last_logs["both/grad_norm"] == free.last_logs["both/grad_norm"] > 0.01, (
        "the norm before clipping is logged"
    )
    moved = {name: value - before[name] for name, value in module.state_dict().items()}
    total = torch.cat([m.flatten() for name, m in moved.items() if name.startswith("networks.first")]).norm()
    assert 0 < total <= 0.1 * 0.01 * 1.0001  # of the norm over both networks, at the rate 0.1


def half_precision(scale: float) -> dict[str, Any]:
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=1)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler)]}


def test_one_gradient_scale_serves_all_optimizers_of_a_phase(tmp_path):
    exact, half = TwoNetworks(), TwoNetworks()
    fit(exact, tmp_path=tmp_path)
    options = half_precision(scale=8.0)
    fit(half, tmp_path=tmp_path, **options)
    torch.testing.assert_close(half.state_dict(), exact.state_dict(), rtol=1e-2, atol=1e-2)
    assert options["plugins"][0].scaler.get_scale() == 8.0 * 2**6  # doubled once per phase, for six phases


def test_a_scale_that_overflows_skips_the_phase_and_shrinks(tmp_path):
    module, options = TwoNetworks(), half_precision(scale=2.0**120)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(module, steps=1, tmp_path=tmp_path, **options)
    torch.testing.assert_close(module.state_dict(), before, rtol=0, atol=0)
    assert options["plugins"][0].scaler.get_scale() == 2.0**118


def test_a_frozen_network_does_not_change_and_a_phase_without_networks_is_skipped(tmp_path):
    module, free = TwoNetworks(ema=("second",), ema_decay=0.5), TwoNetworks()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.freeze_parts(["second"])
    fit(module, tmp_path=tmp_path)
    fit(free, tmp_path=tmp_path)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]) == ("second." in name), name
    assert "late/loss" not in module.last_logs and module.last_logs["both/loss"] > 0
    assert set(free.last_logs) - set(module.last_logs) == {"late/loss", "late/grad_norm"}


def test_phases_of_frozen_networks_are_skipped_in_every_part_of_a_batch():
    module = TwoNetworks()
    module.execution = Execution(accumulate=2)
    module.freeze_parts(["second"])
    batch = {"x": torch.zeros(4, 3), "ids": torch.arange(4), "first_row": 0}
    assert [[phase.name for phase in parts] for parts in module._phases_in_parts(batch)] == [["both", "both"]]


def test_a_frozen_network_trains_others_in_half_precision(tmp_path):
    module = TwoNetworks()
    module.freeze_parts(["first"])
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(module, tmp_path=tmp_path, **half_precision(scale=8.0))
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]) == ("first." in name), name


class WithStatistics(TwoNetworks):
    """Its first network has a part with batch statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.networks["first"] = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 3)))


def test_a_frozen_part_keeps_its_statistics_also_after_an_evaluation(tmp_path):
    module = WithStatistics()
    module.freeze_parts(["first.1"])
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with module.in_evaluation_mode():
        assert not any(part.training for part in module.networks.modules())
    fit(module, tmp_path=tmp_path)
    assert module.networks["first"].training and not module.networks["first"][1][0].training
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]) == ("first.1." in name), name
    for parts, message in (
        (["third"], "init.freeze names 'third', but this model has first, second"),
        (["first.2"], "init.freeze names 'first.2', but first has 0, 1"),
        (["first.0.x"], "but first.0 has no parts"),
        (["first", "second"], "nothing is left to train"),
    ):
        with pytest.raises(ValueError, match=message):
            WithStatistics().freeze_parts(parts)


def test_learning_rates_have_a_factor_by_network(tmp_path):
    module, plain = TwoNetworks(), TwoNetworks()
    module.lr_factors = {"first": 0.5}
    start = {name: value.clone() for name, value in module.state_dict().items()}
    for each in (module, plain):
        fit(each, steps=1, tmp_path=tmp_path)
    moved, usual = (each.networks["first"].weight - start["networks.first.weight"] for each in (module, plain))
    torch.testing.assert_close(moved, 0.5 * usual)
