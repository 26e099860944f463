"""A small module for tests of training, with planned validations and failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchmetrics import Metric

from lightning_modules.base import PhasedModule
from lightning_modules.phase import Phase


class TwoNetworks(PhasedModule):
    """Two linear maps; the first phase trains both, the second phase only the second map.

    Args:
        poison_at: the step at which the loss is NaN.
        steep_at: the step at which a gradient is infinite.
    """

    def __init__(self, poison_at: int | None = None, steep_at: int | None = None, **options: Any) -> None:
        torch.manual_seed(0)
        networks = {"first": nn.Linear(3, 3), "second": nn.Linear(3, 1)}
        sgd = partial(torch.optim.SGD, lr=0.1)
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


def fit(module: PhasedModule, steps: int = 3, tmp_path: Path | None = None, **options: Any) -> pl.Trainer:
    """Train without Lightning's extras. There are validations if `validate_every` (a number of steps) is given.

    `ckpt_path` is the checkpoint to continue from.
    """
    random = torch.Generator().manual_seed(1)
    data = [{"x": torch.randn(4, 3, generator=random), "ids": torch.arange(4) + 4 * step} for step in range(steps)]
    every, continued = options.pop("validate_every", None), options.pop("ckpt_path", None)
    trainer = pl.Trainer(**{
        "max_epochs": 1, "logger": False, "accelerator": "cpu", "enable_progress_bar": False,
        "enable_checkpointing": False, "enable_model_summary": False, "default_root_dir": tmp_path,
        "num_sanity_val_steps": 0, "val_check_interval": every, "check_val_every_n_epoch": None,
    } | options)  # fmt: skip
    loader = DataLoader(data, batch_size=None)
    trainer.fit(module, loader, DataLoader(data[:1], batch_size=None) if every else None, ckpt_path=continued)
    return trainer


class Planned(Metric):
    """A metric with planned values; None raises an error."""

    names = ("quality",)
    full_state_update = False

    def __init__(self, values: Iterable[float | None]) -> None:
        super().__init__()
        self.values = iter(values)

    def update(self) -> None: ...

    def compute(self) -> dict[str, float]:
        value = next(self.values)
        if value is None:
            raise ValueError("nothing to measure")
        return {"quality": value}


class Validated(TwoNetworks):
    """Its validations measure planned values of `val/quality`."""

    def __init__(self, *values: float | None) -> None:
        super().__init__()
        self.scores = Planned(values)

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None: ...


class Measures(pl.Callback):
    """Measures `metrics/quality` at planned steps, as an evaluation during training does."""

    def __init__(self, values: dict[int, float]) -> None:
        self.values = values

    def measures(self, module: Any) -> list[str]:
        return ["metrics/quality"]

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if (step := pl_module.steps_done) in self.values:  # type: ignore[operator]
            pl_module.log_measured({"metrics/quality": self.values[step]})  # type: ignore[operator, index]
