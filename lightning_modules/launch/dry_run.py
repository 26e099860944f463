"""A dry run: a few steps that measure memory, speed and time to finish, and leave no files."""

from __future__ import annotations

import datetime
import resource
import tempfile
import time
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Callback

from lightning_modules.base import PhasedModule
from lightning_modules.launch.summary import plan

STEPS = 4  # the first one warms up and is not measured


class _Stopwatch(Callback):
    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())


def run(cfg: DictConfig, data: Any, module: PhasedModule) -> dict[str, float]:
    """Train for `STEPS` steps without loggers, callbacks and validation, and print what was measured.

    Returns:
        `seconds_per_step`, `hours` to finish, and `peak_memory` of this process in GiB.
    """
    stopwatch = _Stopwatch()
    data.steps = max(data.steps, STEPS)
    with tempfile.TemporaryDirectory() as folder:
        trainer: pl.Trainer = instantiate(
            cfg.trainer, default_root_dir=folder, logger=False, callbacks=[stopwatch],
            limit_train_batches=STEPS, limit_val_batches=0, val_check_interval=None,
        )  # fmt: skip
        trainer.fit(module, datamodule=data)
    seconds = (stopwatch.times[-1] - stopwatch.times[0]) / (len(stopwatch.times) - 1)
    on_gpu = module.device.type == "cuda" or torch.cuda.is_available()
    peak = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    measured = {"seconds_per_step": seconds, "hours": seconds * cfg.steps / 3600, "peak_memory": peak / 2**30}
    if trainer.is_global_zero:
        finish = datetime.timedelta(seconds=round(seconds * cfg.steps))
        print(OmegaConf.to_yaml(cfg, resolve=True))
        print(plan(cfg, data, module, trainer, "none, because this is a dry run", 0))
        print(f"  memory   {measured['peak_memory']:.2f} GiB per process at most, on the {'GPU' if on_gpu else 'host'}")
        print(f"  speed    {seconds:.3g} s per step, {cfg.batch_size / seconds:.3g} images/s")
        print(f"  time     {finish} for {cfg.steps} steps, without validation, metrics and pictures")
    return measured
