"""Settings of the callbacks: checkpoints, grids, metrics, progress."""

from __future__ import annotations

from typing import Literal

from lightning_modules.launch.settings.metrics import MetricSettings
from lightning_modules.launch.settings.validation import Settings
from lightning_modules.launch.settings.value_types import (
    BatchSize,
    Count,
    CountOrZero,
    NotNegative,
    Number,
    Path,
    Text,
    whole,
)


class Checkpoints(Settings):
    every_n_steps: Count
    keep: Count = 2
    monitor: Text | None = None
    mode: Literal["min", "max"] = "max"


class SampleGrids(Settings):
    every_n_steps: Count
    sources: whole(1, 1000) = 6


class LossCurves(Settings):
    pass


class CollapseWarning(Settings):
    patience: Count = 500
    threshold: NotNegative = 0.02


class Progress(Settings):
    show: list[str] | None = None
    bar: Literal["plain", "rich"] = "plain"
    refresh_seconds: NotNegative = 0.5
    line_seconds: NotNegative = 30.0


class MeanStyleCodes(Settings):
    max_images: Count = 1000
    batch_size: BatchSize = 8


class Evaluate(MetricSettings):
    """Metrics that a run measures every so many steps."""

    every_n_steps: Count
    cache: Path
    name: Text = "generative_metrics"
    max_sources: Count | None = 64
    batch_size: BatchSize = 8
    max_share: NotNegative = 0.2


class EarlyStopping(Settings):
    monitor: Text
    mode: Literal["min", "max"] = "min"
    patience: CountOrZero = 3
    min_delta: Number = 0.0
    verbose: bool = False
    strict: bool = False
    check_finite: bool = True
    stopping_threshold: Number | None = None
    divergence_threshold: Number | None = None
    check_on_train_epoch_end: bool | None = None
    log_rank_zero_only: bool = False


class LearningRates(Settings):
    pass


class DeviceStats(Settings):
    pass


TARGETS: dict[str, type[Settings]] = {
    "lightning_modules.callbacks.Checkpoints": Checkpoints,
    "lightning_modules.callbacks.SampleGrids": SampleGrids,
    "lightning_modules.callbacks.LossCurves": LossCurves,
    "lightning_modules.callbacks.CollapseWarning": CollapseWarning,
    "lightning_modules.callbacks.Progress": Progress,
    "lightning_modules.callbacks.MeanStyleCodes": MeanStyleCodes,
    "lightning_modules.callbacks.Evaluate": Evaluate,
    "lightning_modules.callbacks.LearningRates": LearningRates,
    "lightning_modules.callbacks.DeviceStats": DeviceStats,
    "lightning_modules.callbacks.EarlyStopping": EarlyStopping,
    "pytorch_lightning.callbacks.EarlyStopping": EarlyStopping,
}
