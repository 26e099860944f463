"""The settings of an evaluation, checked before anything heavy is imported or loaded."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from omegaconf import DictConfig
from pydantic import AfterValidator, model_validator

from hairgan.metrics.registry import SPLITS
from hairgan.weights.run_folders import config_file
from lightning_modules.launch.settings.config_tree import plain
from lightning_modules.launch.settings.metrics import MetricSettings, Modes, check_metric_names, check_num_outputs
from lightning_modules.launch.settings.validation import Meaning, check
from lightning_modules.launch.settings.value_types import BatchSize, Count, Path, Seed, Trust, distinct
from lightning_modules.launch.settings.wording import shown


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", name):
        raise ValueError
    return name


Device = Annotated[str, AfterValidator(_device), Meaning("auto, cpu, cuda, cuda:NUMBER or mps")]


class Evaluation(MetricSettings):
    HINTS: ClassVar = {
        "ckpt_path": "run=DIR names the run here, and checkpoint=NAME its checkpoint",
        "resume": "it is called run here",
        "run_dir": "it is called run here",
        "model": "a run has its own model",
        "data": "a run has its own data",
        "experiment": "a run has its own settings; run=outputs/NAME/DATE_TIME",
        "trainer": "it is called device here",
        "accelerator": "it is called device here",
    }

    run: Path | None = None
    runs: Annotated[distinct(Path) | None, Meaning("a list of run directories, none twice, or null")] = None
    checkpoint: Path = "last"
    trust: Trust = None
    averaged: bool = True
    split: Literal[SPLITS] | None = None
    modes: Modes
    max_sources: Count | None = None
    batch_size: BatchSize = 16
    seed: Seed = 0
    device: Device = "auto"
    out: Path | None = None
    paths: dict[str, Any]

    @model_validator(mode="after")
    def _has_a_run_and_metrics(self) -> Evaluation:
        if not self.run and not self.runs:
            raise ValueError("give the run to evaluate: run=outputs/NAME/DATE_TIME, or runs=[A,B] to compare several")
        if self.run and self.runs:
            raise ValueError(f"give either run or runs, not both: run={self.run}, runs={shown(self.runs)}")
        metrics = tuple(self.metrics or ())
        check_metric_names(metrics)
        check_num_outputs(metrics, self.num_outputs)
        return self


def check_evaluation(cfg: DictConfig) -> None:
    """Refuse settings with which no evaluation can start.

    Raises:
        ValueError: one sentence with the setting, what it may be and what it is.
    """
    check(Evaluation, plain(cfg), "")


def check_evaluation_of_runs(cfg: DictConfig) -> None:
    """Refuse settings with which no evaluation can start, and runs that are none.

    Raises:
        ValueError: as in `check_evaluation`; or a folder is not a run directory.
    """
    check_evaluation(cfg)
    for run in cfg.runs or [cfg.run]:
        config_file(run)
