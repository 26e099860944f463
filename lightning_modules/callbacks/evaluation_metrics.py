"""The metrics of an evaluation, during training."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import nn

from hairgan.data.requirements import Requirement
from hairgan.evaluation.families import evaluate_networks, family_of, requirements
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.real_statistics import StatisticsCache
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from lightning_modules.failures import training_goes_on
from lightning_modules.launch.settings.names import by_metrics


class EvaluationMetrics(Callback):
    """Some of the metrics of `evaluate.py`, every N steps and at the end, within a budget.

    The averaged networks are measured on the validation split, on all processes together; images go from the generator
    to the networks that look at them on the device. Values of the result's headline are logged as `metrics/NAME` and
    can be monitored; with `SECONDS` the time it took. An evaluation that fails is left out with a warning.

    Args:
        every_n_steps: steps between evaluations.
        cache: folder of the real images' statistics.
        metrics: of `hairgan.evaluation.names.METRICS`; None for those of the class.
        protocol: one of `hairgan.evaluation.protocols.PROTOCOLS`.
        inception, alexnet: local files with the protocol's weights; None downloads them once.
        classifier, parser: run directories or bundles of networks that judge outputs.
        modes: StarGAN v2: where styles come from.
        num_outputs: StarGAN v2: outputs per source.
        max_sources: at most so many images (StarGAN v2: sources a target domain); None takes all.
        batch_size: images at a time.
        max_share: a warning is given when evaluation takes more than this share of the training time.
    """

    NAME: ClassVar[str]
    """In the config, under `callbacks`."""
    SECONDS: ClassVar[str]
    METRICS: ClassVar[Mapping[str, Sequence[str]]]
    """What is measured, by family."""

    def __init__(
        self,
        every_n_steps: int,
        cache: str | Path,
        *,
        metrics: Sequence[str] | None = None,
        protocol: str = "embedded",
        inception: str | None = None,
        alexnet: str | None = None,
        classifier: str | None = None,
        parser: str | None = None,
        modes: Sequence[str] = ("latent", "reference"),
        num_outputs: int = 10,
        max_sources: int | None = 64,
        batch_size: int = 8,
        max_share: float = 0.2,
    ) -> None:
        if every_n_steps < 1:
            raise ValueError(f"metrics need every_n_steps of 1 or more, not {every_n_steps}")
        self.every_n_steps, self.cache = every_n_steps, StatisticsCache(cache)
        self.metrics = metrics
        self.weights: tuple[Any, ...] = (protocol, inception, alexnet)
        self.judges_from = (classifier, parser)
        self.options: dict[str, Any] = {
            "modes": tuple(modes), "num_outputs": num_outputs, "max_sources": max_sources, "batch_size": batch_size,
        }  # fmt: skip
        self.max_share = max_share
        self._started, self._spent, self._warned = 0.0, 0.0, False

    def requires(self, module: Any) -> list[Requirement]:
        """What it needs of the data.

        Raises:
            ValueError: no data would do for its settings.
        """
        family = family_of(dict(module.networks.items()))
        wanted = self.METRICS.get(family, ()) if self.metrics is None else self.metrics
        outputs, modes = self.options["num_outputs"], self.options["modes"]
        if family == "stargan" and "lpips" in wanted and outputs < 2:
            raise ValueError(
                f"callbacks.{self.NAME}.num_outputs must be 2 or more for lpips, the distance between a source's "
                f"outputs, not {outputs}; callbacks.{self.NAME}.metrics=[fid] does without"
            )
        return requirements(family, wanted, split="val", modes=modes)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Get all networks ready: weights that cannot be had stop the run before it begins."""
        module: Any = pl_module
        family = family_of(dict(module.networks.items()))
        if self.metrics is None and family not in self.METRICS:
            raise ValueError(f"callbacks.{self.NAME} is for {' and '.join(self.METRICS)}, not for {family}")
        self._wanted = tuple(self.METRICS[family] if self.metrics is None else self.metrics)
        self._protocol = Protocol(*self.weights, device=pl_module.device)
        self._protocol.prepare(self._wanted)
        self._judges = Judges.load(*self.judges_from, device=pl_module.device)
        self._started = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step: int = pl_module.steps_done  # type: ignore[assignment]
        if step % self.every_n_steps and step != trainer.num_training_batches:
            return
        with training_goes_on(trainer, self.NAME, together=True):
            self._measure(trainer, pl_module)

    def _measure(self, trainer: pl.Trainer, module: Any) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        started = time.perf_counter()
        with torch.no_grad(), torch.autocast(module.device.type, enabled=False), module.in_evaluation_mode():
            networks = {name: _in_float32(module.averaged(name)) for name in module.networks if name != "discriminator"}
            settings = EvaluationSettings(
                self._wanted, "val", self._protocol, self._judges,
                seed=module.seed, device=module.device, cache=self.cache,
                make_masks=getattr(module, "masks", None), **self.options,
            )  # fmt: skip
            result = evaluate_networks(networks, EvaluationData(data.dataset, data.domains, data.membership), settings)
        seconds = time.perf_counter() - started
        module.log_measured({f"metrics/{name}": result.values[name] for name in result.headline})
        module.log_to_loggers({self.SECONDS: seconds})
        self._mind_the_time(seconds)

    def measures(self, module: Any) -> list[str]:
        """Names of what is logged."""
        family = family_of(dict(module.networks.items()))
        wanted = self.METRICS[family] if self.metrics is None else self.metrics
        parser, modes = self.judges_from[1], self.options["modes"]
        return by_metrics(family, wanted, self.weights[0], modes, judged=parser is not None)

    def _mind_the_time(self, seconds: float) -> None:
        self._spent += seconds
        share = self._spent / (time.perf_counter() - self._started)
        if share > self.max_share and not self._warned:
            self._warned = True
            warnings.warn(
                f"metrics take {share:.0%} of the training time, more than the {self.max_share:.0%} allowed: "
                f"raise callbacks.{self.NAME}.every_n_steps or lower its max_sources",
                stacklevel=2,
            )


def _in_float32(network: nn.Module) -> nn.Module:
    """A network as `evaluate.py` reads it from a checkpoint: of a training in float64, a copy in float32."""
    if all(tensor.dtype != torch.float64 for tensor in network.state_dict().values()):
        return network
    return copy.deepcopy(network).float()


class GenerativeMetrics(EvaluationMetrics):
    """FID and LPIPS of a GAN. StarGAN v2: of every ordered pair of domains, by latent code and by reference, logged as
    means over pairs; SEAN: of reconstructions, with PSNR and SSIM. Arguments as in `EvaluationMetrics`."""

    NAME = "generative_metrics"
    SECONDS = "metrics/seconds"
    METRICS: ClassVar = {"stargan": ("fid", "lpips"), "sean": ("fid", "reconstruction")}


class EditMetrics(EvaluationMetrics):
    """SEAN's hair edits: change outside the hair and hair colour distance with the hair's style of another image, and
    with a parser the hair's shape. (Edits of StarGAN v2 are scored by `domain_accuracy`, which `GenerativeMetrics`
    measures on the same outputs as FID.) Arguments as in `EvaluationMetrics`."""

    NAME = "edit_metrics"
    SECONDS = "metrics/seconds_edits"
    METRICS: ClassVar = {"sean": ("edits",)}


class SegmentationMetrics(EvaluationMetrics):
    """How a face parser's regions of SEAN's reconstructions agree with the label maps they were painted from; needs
    `parser`. (A parser in training is scored by its own validation.) Arguments as in `EvaluationMetrics`."""

    NAME = "segmentation_metrics"
    SECONDS = "metrics/seconds_segmentation"
    METRICS: ClassVar = {"sean": ("segmentation",)}
