from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins import MixedPrecision
from torch import nn
from torch.utils.data import DataLoader

from lightning_modules.base import NonFiniteError, Phase, PhasedModule


class Two(PhasedModule):
    """Two linear maps; phase one pulls both to the data, phase two moves the second alone."""

    def __init__(self, poison_at: int | None = None, steep_at: int | None = None, **options: Any) -> None:
        torch.manual_seed(0)
        networks = {"first": nn.Linear(3, 3), "second": nn.Linear(3, 1)}
        sgd = lambda parameters: torch.optim.SGD(parameters, lr=0.1)  # noqa: E731
        super().__init__(networks, {"first": sgd, "second": sgd}, seed=0, **options)
        self.poison_at, self.steep_at = poison_at, steep_at

    def phases(self, batch: dict[str, Any]) -> Iterator[Phase]:
        first, second = self.networks["first"], self.networks["second"]

        def both():
            loss = second(first(batch["x"])).pow(2).mean()
            if self.steps_done == self.steep_at:  # adds 0, with an infinite slope
                loss = loss + (first.bias - first.bias.detach()).sum().sqrt()
            return (loss * float("nan") if self.steps_done == self.poison_at else loss), {"square": loss.detach()}

        yield Phase("both", both, ("first", "second"))
        yield Phase("late", lambda: (second(first(batch["x"])).abs().mean(), {}), ("second",))


def fit(module: PhasedModule, steps: int = 3, tmp_path=None, **options: Any) -> None:
    g = torch.Generator().manual_seed(1)
    data = [{"x": torch.randn(4, 3, generator=g), "ids": torch.arange(4) + 4 * i} for i in range(steps)]
    trainer = pl.Trainer(
        max_epochs=1, logger=False, accelerator="cpu", enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False, default_root_dir=tmp_path, **options,
    )  # fmt: skip
    trainer.fit(module, DataLoader(data, batch_size=None))


def test_phases_update_only_their_networks_and_the_average_follows(tmp_path):
    module = Two(ema=("second",), ema_decay=0.5)
    torch.manual_seed(0)
    first, second = nn.Linear(3, 3), nn.Linear(3, 1)
    average = second.weight.detach().clone()
    g = torch.Generator().manual_seed(1)
    for _ in range(3):
        x = torch.randn(4, 3, generator=g)
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
    module = Two(schedule=lambda step: 0.0 if step >= 1 else 1.0)
    fit(module, steps=1, tmp_path=tmp_path)
    after_one = module.networks["first"].weight.detach().clone()
    module.steps_done = 1
    fit(module, steps=2, tmp_path=tmp_path)
    torch.testing.assert_close(module.networks["first"].weight, after_one, rtol=0, atol=0)


def test_a_loss_that_is_no_number_stops_with_step_phase_and_images(tmp_path):
    module = Two(poison_at=1)
    with pytest.raises(NonFiniteError, match=r"step 1, phase both: loss is nan.*\[4, 5, 6, 7\]"):
        fit(module, tmp_path=tmp_path)


def test_a_gradient_that_is_no_number_stops_as_well(tmp_path):
    with pytest.raises(NonFiniteError, match=r"step 2, phase both: grad_norm is inf.*\[8, 9, 10, 11\]"):
        fit(Two(steep_at=2), tmp_path=tmp_path)


def test_gradients_are_clipped_by_the_norm_of_their_phase(tmp_path):
    module, free = Two(), Two()
    module.gradient_clip = 0.01
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(module, steps=1, tmp_path=tmp_path)
    fit(free, steps=1, tmp_path=tmp_path)
    assert module.last_logs["both/grad_norm"] == free.last_logs["both/grad_norm"] > 0.01, "logged is the norm before"
    moved = {name: value - before[name] for name, value in module.state_dict().items()}
    total = torch.cat([m.flatten() for name, m in moved.items() if name.startswith("networks.first")]).norm()
    assert 0 < total <= 0.1 * 0.01 * 1.0001  # of the norm over both networks, at the rate 0.1


def half_precision(scale: float) -> dict[str, Any]:
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=1)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler)]}


def test_one_gradient_scale_serves_all_optimizers_of_a_phase(tmp_path):
    exact, half = Two(), Two()
    fit(exact, tmp_path=tmp_path)
    options = half_precision(scale=8.0)
    fit(half, tmp_path=tmp_path, **options)
    torch.testing.assert_close(half.state_dict(), exact.state_dict(), rtol=1e-2, atol=1e-2)
    assert options["plugins"][0].scaler.get_scale() == 8.0 * 2**6  # grown once a phase, of which there were six


def test_a_scale_that_overflows_skips_the_phase_and_shrinks(tmp_path):
    module, options = Two(), half_precision(scale=2.0**120)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(module, steps=1, tmp_path=tmp_path, **options)
    torch.testing.assert_close(module.state_dict(), before, rtol=0, atol=0)
    assert options["plugins"][0].scaler.get_scale() == 2.0**118
