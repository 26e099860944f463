"""The metrics of an evaluation, during training."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from hairgan.evaluation.families import evaluate_networks
from hairgan.evaluation.protocols import Protocol, make_protocol
from hairgan.metrics.cache import StatisticsCache


class GenerativeMetrics(Callback):
    """FID and LPIPS of a GAN every N steps and at the end, within a budget.

    StarGAN v2: every ordered pair of domains, by latent code and by reference; SEAN: reconstructions. The averaged
    networks are measured, on all processes together; images go from the generator to the extractor on the device. What
    is measured, and how, is what `evaluate.py` does; values are logged as `metrics/NAME`, means over pairs only, and
    can be monitored. `metrics/seconds` is the time it took.

    Args:
        every_n_steps: steps between evaluations.
        cache: folder of the real images' statistics.
        protocol: one of `hairgan.evaluation.protocols.PROTOCOLS`.
        inception, alexnet: local files with the protocol's weights; None downloads them once.
        modes: StarGAN v2: where styles come from.
        num_outputs: StarGAN v2: outputs a source.
        max_sources: at most so many images (StarGAN v2: sources a target domain); None takes all.
        batch_size: images at a time.
        max_share: a warning is given when evaluation takes more than this share of the training time.
    """

    def __init__(
        self,
        every_n_steps: int,
        cache: str | Path,
        *,
        protocol: str = "embedded",
        inception: str | None = None,
        alexnet: str | None = None,
        modes: tuple[str, ...] = ("latent", "reference"),
        num_outputs: int = 10,
        max_sources: int | None = 64,
        batch_size: int = 8,
        max_share: float = 0.2,
    ) -> None:
        if every_n_steps < 1:
            raise ValueError(f"metrics need every_n_steps of 1 or more, not {every_n_steps}")
        self.every_n_steps, self.cache = every_n_steps, StatisticsCache(cache)
        self.weights = (protocol, inception, alexnet)
        self.options: dict[str, Any] = {
            "modes": tuple(modes), "num_outputs": num_outputs, "max_sources": max_sources, "batch_size": batch_size,
        }  # fmt: skip
        self.max_share = max_share
        self._protocol: Protocol | None = None
        self._started, self._spent, self._warned = 0.0, 0.0, False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._protocol = make_protocol(*self.weights)  # weights that cannot be had stop the run before it begins
        self._protocol.extractor.to(pl_module.device)
        self._protocol.lpips.to(pl_module.device)
        self._started = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step: int = pl_module.steps_done  # type: ignore[assignment]
        if step % self.every_n_steps and step != trainer.num_training_batches:
            return
        module: Any = pl_module
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        started = time.perf_counter()
        assert self._protocol is not None
        with torch.no_grad(), torch.autocast(module.device.type, enabled=False), module.in_evaluation_mode():
            result = evaluate_networks(
                {name: module.averaged(name) for name in module.networks if name != "discriminator"},
                data.dataset, data.domains.names, data.membership, self._protocol,
                seed=module.seed, device=module.device, cache=self.cache,
                make_masks=getattr(module, "masks", None), **self.options,
            )  # fmt: skip
        seconds = time.perf_counter() - started
        values = {f"metrics/{name}": result.values[name] for name in result.headline} | {"metrics/seconds": seconds}
        module.log_dict(values, logger=False)
        module.log_to_loggers(values)
        self._mind_the_time(seconds)

    def _mind_the_time(self, seconds: float) -> None:
        self._spent += seconds
        share = self._spent / (time.perf_counter() - self._started)
        if share > self.max_share and not self._warned:
            self._warned = True
            warnings.warn(
                f"metrics take {share:.0%} of the training time, more than the {self.max_share:.0%} allowed: "
                "raise callbacks.generative_metrics.every_n_steps or lower max_sources",
                stacklevel=2,
            )
