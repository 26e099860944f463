"""The settings of an evaluation, checked before anything heavy is imported or loaded."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from omegaconf import DictConfig
from pydantic import AfterValidator, Field, model_validator

from lightning_modules.launch.settings import names
from lightning_modules.launch.settings.kinds import (
    Count,
    Meaning,
    Path,
    Seed,
    Settings,
    Trust,
    check,
    distinct,
    nearest,
    shown,
)
from lightning_modules.launch.settings.parts import BatchSize, Metrics, Modes, Protocol
from lightning_modules.launch.settings.training import plain


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", name):
        raise ValueError
    return name


Device = Annotated[str, AfterValidator(_device), Meaning("auto, cpu, cuda, cuda:NUMBER or mps")]


class Evaluation(Settings):
    HINTS: ClassVar = {
        "ckpt_path": "it is called checkpoint here, of the run that run=DIR names",
        "resume": "it is called run here",
        "run_dir": "it is called run here",
        "model": "a run knows its own model",
        "data": "a run knows its own data",
        "experiment": "a run knows its own settings; run=outputs/NAME/DATE_TIME",
        "trainer": "it is called device here",
        "accelerator": "it is called device here",
    }

    run: Path | None = None
    runs: Annotated[distinct(Path) | None, Meaning("a list of run directories, none twice, or null")] = None
    checkpoint: Path = "last"
    trust: Trust = None
    averaged: bool = True
    split: Literal[names.SPLITS] | None = None
    metrics: Annotated[Metrics | None, Meaning("a list of metrics, none twice, or null")] = None
    classifier: Path | None = None
    parser: Path | None = None
    protocol: Protocol = "embedded"
    inception: Path | None = None
    alexnet: Path | None = None
    modes: Annotated[Modes, Meaning("a list of latent, reference or both")]
    num_outputs: Annotated[int, Field(ge=1, le=10_000)] = 10
    max_sources: Count | None = None
    batch_size: BatchSize = 16
    seed: Seed = 0
    device: Device = "auto"
    out: Path | None = None
    paths: dict[str, Any]

    @model_validator(mode="after")
    def _fits_together(self) -> Evaluation:
        if not self.run and not self.runs:
            raise ValueError("say which run to evaluate: run=outputs/NAME/DATE_TIME, or runs=[A,B] to compare")
        if self.run and self.runs:
            raise ValueError(f"run={self.run} is for one run and runs={shown(self.runs)} for several: give one of them")
        known = [metric for metrics in names.METRICS.values() for metric in metrics]
        for metric in self.metrics or ():
            if metric not in known:
                raise ValueError(
                    f"there is no metric {shown(metric)}{nearest(metric, known)}; there are "
                    + "; ".join(f"for {family} {', '.join(metrics)}" for family, metrics in names.METRICS.items())
                    + (f"; {metric} is a protocol: protocol={metric}" if metric in names.PROTOCOLS else "")
                )
        if self.num_outputs < 2 and "lpips" in (self.metrics or ("lpips",)):
            raise ValueError(
                f"num_outputs must be 2 or more for lpips, which compares the outputs of a source, not "
                f"{self.num_outputs}; metrics=[fid] needs one only"
            )
        return self


def check_evaluation(cfg: DictConfig) -> None:
    """Refuse settings that no evaluation can be made of.

    Raises:
        ValueError: one sentence with the setting, what it may be and what it is.
    """
    check(Evaluation, plain(cfg), "")
