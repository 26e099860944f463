"""Metrics of `evaluate.py`, measured during training."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import nn

from hairgan.data.requirements import Requirement
from hairgan.evaluation.families import evaluate_networks, family_of, headline_names, requirements
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.real_statistics import StatisticsCache
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.registry import WHILE_TRAINING
from lightning_modules.failures import skip_failures
from lightning_modules.launch.settings.logged_values import seconds_name


class Evaluate(Callback):
    """Measures some metrics of `evaluate.py` every N steps and at the end of training, on a limited number of images.

    It measures the averaged networks on the validation split, in all processes. The values of the result's headline are
    logged as `metrics/NAME`, and can be monitored. The time an evaluation took is logged as `metrics/seconds`. An
    evaluation that fails is skipped with a warning.

    A configuration can hold several of these callbacks, for example one for FID and a rarer one for edits.

    Args:
        every_n_steps: steps between two evaluations.
        cache: folder of the cached statistics of real images.
        metrics: names from `hairgan.metrics.registry.METRICS`, or of classes of your own, e.g.
            `my_metrics.HairBrightness` (docs/extending.md). None: FID and LPIPS for StarGAN v2, FID and reconstruction
            for SEAN.
        name: the callback's name under `callbacks` in the config, for messages and logs.
        protocol: one of `hairgan.evaluation.protocols.PROTOCOLS`.
        inception, alexnet: local files with the protocol's weights. None downloads them once.
        classifier, parser: run directories or bundles of the networks that judge outputs.
        embedder: ONNX file of a face recognition network, for `identity`.
        modes: StarGAN v2: where styles come from.
        num_outputs: StarGAN v2: outputs per source.
        max_sources: largest number of images (StarGAN v2: of sources per target domain). None takes all.
        batch_size: images per batch.
        max_share: share of the training time; a warning is given when evaluations take more.
    """

    def __init__(
        self,
        every_n_steps: int,
        cache: str | Path,
        *,
        metrics: Sequence[str] | None = None,
        name: str = "generative_metrics",
        protocol: str = "embedded",
        inception: str | None = None,
        alexnet: str | None = None,
        classifier: str | None = None,
        parser: str | None = None,
        embedder: str | None = None,
        modes: Sequence[str] = ("latent", "reference"),
        num_outputs: int = 10,
        max_sources: int | None = 64,
        batch_size: int = 8,
        max_share: float = 0.2,
    ) -> None:
        if every_n_steps < 1:
            raise ValueError(f"metrics need every_n_steps of 1 or more, not {every_n_steps}")
        self.every_n_steps, self.cache = every_n_steps, StatisticsCache(cache)
        self.metrics, self.name = metrics, name
        self.protocol_settings = (protocol, inception, alexnet)
        self.judge_paths = (classifier, parser, embedder)
        self.options: dict[str, Any] = {
            "modes": tuple(modes), "num_outputs": num_outputs, "max_sources": max_sources, "batch_size": batch_size,
        }  # fmt: skip
        self.max_share = max_share
        self._started, self._seconds, self._warned = 0.0, 0.0, False

    def requires(self, module: Any) -> list[Requirement]:
        """What it needs of the data.

        Raises:
            ValueError: its settings do not fit the family, or each other.
        """
        family, metrics = self._family_and_metrics(module)
        outputs, modes = self.options["num_outputs"], self.options["modes"]
        if family == "stargan" and "lpips" in metrics and outputs < 2:
            raise ValueError(
                f"callbacks.{self.name}.num_outputs must be 2 or more for lpips, the distance between a source's "
                f"outputs, not {outputs}; callbacks.{self.name}.metrics=[fid] needs only one"
            )
        return requirements(family, metrics, split="val", modes=modes)

    def measures(self, module: Any) -> list[str]:
        """The names under which values are logged."""
        family, metrics = self._family_and_metrics(module)
        protocol, parser = self.protocol_settings[0], self.judge_paths[1]
        names = headline_names(family, metrics, protocol, self.options["modes"], with_parser=parser is not None)
        return [f"metrics/{name}" for name in names]

    def _family_and_metrics(self, module: Any) -> tuple[str, tuple[str, ...]]:
        family = family_of(dict(module.networks.items()))
        if self.metrics is not None:
            return family, tuple(self.metrics)
        if family not in WHILE_TRAINING:
            raise ValueError(f"callbacks.{self.name} is for {' and '.join(WHILE_TRAINING)}, not for {family}")
        return family, WHILE_TRAINING[family]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Load all networks, so that missing weights stop the run before its first step."""
        _, self._metrics = self._family_and_metrics(pl_module)
        self._protocol = Protocol(*self.protocol_settings, device=pl_module.device)
        self._protocol.prepare(self._metrics)
        self._judges = Judges.load(*self.judge_paths, device=pl_module.device)
        self._started = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step: int = pl_module.steps_done  # type: ignore[assignment]
        if step % self.every_n_steps == 0 or step == trainer.num_training_batches:
            with skip_failures(trainer, self.name, in_all_processes=True):
                self._measure(trainer, pl_module)

    def _measure(self, trainer: pl.Trainer, module: Any) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        started = time.perf_counter()
        with torch.no_grad(), torch.autocast(module.device.type, enabled=False), module.in_evaluation_mode():
            networks = {name: _in_float32(module.averaged(name)) for name in module.networks if name != "discriminator"}
            settings = EvaluationSettings(
                self._metrics,
                "val",
                self._protocol,
                self._judges,
                seed=module.seed,
                device=module.device,
                cache=self.cache,
                make_masks=getattr(module, "masks", None),
                **self.options,
            )
            result = evaluate_networks(networks, EvaluationData(data.dataset, data.domains, data.membership), settings)
        seconds = time.perf_counter() - started
        module.log_measured({f"metrics/{name}": result.values[name] for name in result.headline})
        module.log_to_loggers({seconds_name(self.name): seconds})
        self._warn_if_slow(seconds)

    def _warn_if_slow(self, seconds: float) -> None:
        self._seconds += seconds
        share = self._seconds / (time.perf_counter() - self._started)
        if share > self.max_share and not self._warned:
            self._warned = True
            warnings.warn(
                f"metrics take {share:.0%} of the training time, more than the {self.max_share:.0%} allowed: "
                f"raise callbacks.{self.name}.every_n_steps or lower its max_sources",
                stacklevel=2,
            )


def _in_float32(network: nn.Module) -> nn.Module:
    """The network as `evaluate.py` reads it from a checkpoint: after training in float64, a float32 copy."""
    if all(tensor.dtype != torch.float64 for tensor in network.state_dict().values()):
        return network
    return copy.deepcopy(network).float()
