"""Settings of the loggers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from lightning_modules.launch.settings.validation import Settings
from lightning_modules.launch.settings.value_types import Path, Text


class LoggerGroup(Settings):
    """What all loggers share; the loggers themselves stand beside it under names of any kind."""

    model_config = ConfigDict(extra="allow")

    HINTS: ClassVar = {"mode": "where it is not given, the environment variable WANDB_MODE is used"}

    mode: Literal["offline", "online", "disabled"] = "offline"


class Logger(Settings):
    save_dir: Path | None


class CurvesLogger(Logger):
    pass


class WandbLogger(Logger):
    """Other settings are passed on to wandb."""

    model_config = ConfigDict(extra="allow")

    project: Text = "hairgan"
    name: Text | None = None
    group: Text | None = None
    tags: list[Text] = Field(default=[])
    notes: Text | None = None
    mode: Literal["offline", "online", "disabled"] = "offline"


class TensorBoard(Logger):
    model_config = ConfigDict(extra="allow")


class MLFlow(Logger):
    model_config = ConfigDict(extra="allow")

    experiment_name: Text = "hairgan"
    run_name: Text | None = None
    tracking_uri: Text | None = None
    tags: list[Text] = Field(default=[])
    notes: Text | None = None


class Comet(Logger):
    """Other settings are passed on to Comet."""

    model_config = ConfigDict(extra="allow")

    mode: Literal["offline", "online"] = "offline"
    project: Text = "hairgan"
    name: Text | None = None
    tags: list[Text] = Field(default=[])
    notes: Text | None = None


TARGETS: dict[str, type[Settings]] = {
    "lightning_modules.loggers.CurvesLogger": CurvesLogger,
    "lightning_modules.loggers.QuietWandbLogger": WandbLogger,
    "lightning_modules.loggers.TensorBoard": TensorBoard,
    "lightning_modules.loggers.MLFlow": MLFlow,
    "lightning_modules.loggers.Comet": Comet,
}
