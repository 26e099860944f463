"""Settings of optimizers and of learning-rate schedules."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, model_validator

from lightning_modules.launch.settings.validation import Meaning, Settings
from lightning_modules.launch.settings.value_types import BelowOne, Count, CountOrZero, NotNegative, Positive, Share

Betas = Annotated[list[BelowOne], Field(min_length=2, max_length=2), Meaning("two numbers of 0 or more and below 1")]


class Optimizer(Settings):
    """Shared by all optimizers."""

    PARTIAL: ClassVar = True

    lr: NotNegative
    weight_decay: NotNegative = 0.0


class AnyOptimizer(Optimizer):
    """Any other optimizer of `torch.optim`, with settings of its own."""

    model_config = ConfigDict(extra="allow")


class KnownOptimizer(Optimizer):
    """Shared by the optimizers that are checked in full."""

    maximize: bool = False
    foreach: bool | None = None
    fused: bool | None = None
    differentiable: bool = False


class Adam(KnownOptimizer):
    betas: Betas = Field(default=[0.9, 0.999])
    eps: Positive = 1e-8
    amsgrad: bool = False
    capturable: bool = False
    decoupled_weight_decay: bool = False


class SGD(KnownOptimizer):
    momentum: BelowOne = 0.0
    dampening: Share = 0.0
    nesterov: bool = False


class LinearDecay(Settings):
    PARTIAL: ClassVar = True

    steps: Count
    constant_share: Share = 0.5


class BiSeNetLR(Settings):
    PARTIAL: ClassVar = True

    total_steps: Count
    peak: Positive = 1e-2
    start: Positive = 1e-5
    warmup_steps: CountOrZero = 1000
    power: NotNegative = 0.9

    @model_validator(mode="after")
    def _ends_warmup_in_time(self) -> BiSeNetLR:
        if self.warmup_steps >= self.total_steps:
            raise ValueError(
                f"model.schedule.warmup_steps={self.warmup_steps} must be below the run's {self.total_steps} steps"
            )
        return self


TARGETS: dict[str, type[Settings]] = {
    "torch.optim.Adam": Adam,
    "torch.optim.AdamW": Adam,
    "torch.optim.SGD": SGD,
    "hairgan.optimizers.linear_decay": LinearDecay,
    "hairgan.optimizers.bisenet_lr": BiSeNetLR,
}
