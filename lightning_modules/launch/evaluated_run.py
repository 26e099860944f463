"""A run that is evaluated: its config is read first, its data is opened next, its networks are measured last."""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from hairgan.curves import draw_curves, read_curves
from hairgan.evaluation.families import (
    check_metrics,
    choose_metrics,
    default_split,
    evaluate_networks,
    family_of,
    requirements,
)
from hairgan.evaluation.judges import DomainClassifier, Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.real_statistics import StatisticsCache
from hairgan.evaluation.result import Evaluation, Picture
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.weights.documents import expect_mapping, expect_text
from hairgan.weights.run_configs import check_config
from hairgan.weights.runs import CONFIG, find_checkpoint, networks_from_run, read_config
from lightning_modules.launch.checks import check_data, check_masks, masks_setting
from lightning_modules.launch.record import git_state, versions


@dataclass(frozen=True)
class Measured:
    """The result of an evaluation.

    Attributes:
        evaluation: values, tables and pictures.
        facts: checkpoint, dataset, device, versions and seconds of the evaluation.
    """

    evaluation: Evaluation
    facts: dict[str, Any]


@dataclass
class EvaluatedRun:
    """A run directory with a config and a checkpoint, and its data once `open_data` was called.

    Attributes:
        path: the run directory.
        config: the config of the run.
        checkpoint: the file that is measured.
        family: the model family, e.g. `stargan`.
        split: the split that is measured.
        data: the data module, set up.
        metrics: the metrics that are measured.
    """

    path: Path
    config: DictConfig
    checkpoint: Path
    family: str
    split: str
    data: Any = None
    metrics: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, cfg: DictConfig) -> EvaluatedRun:
        """Read the config of a run, and check that it can be evaluated.

        Args:
            path: the run directory.
            cfg: the config of the evaluation.

        Raises:
            ValueError: it is not a run, is damaged, has no such checkpoint, names classes that are not trusted, or its
                family has no such metric.
        """
        content = read_config(path)
        checkpoint = find_checkpoint(path, cfg.checkpoint)
        family = family_of(content["model"])
        judges = [name for name in ("classifier", "parser", "embedder") if cfg[name] is not None]
        check_metrics(family, cfg.metrics or (), judges)
        for name in ("data", "paths"):
            expect_mapping(content.get(name), f"{path / CONFIG}: {name}")
        expect_text(content["paths"].get("cache"), f"{path / CONFIG}: paths.cache")
        check_config(content, ("data", "model.masks"), source=f"the config of {path}")
        config = OmegaConf.create(content)
        assert isinstance(config, DictConfig)
        return cls(path, config, checkpoint, family, cfg.split or default_split(family))

    @property
    def name(self) -> str:
        """The run's name in tables: its folder and the parent folder."""
        return f"{self.path.absolute().parent.name}/{self.path.absolute().name}"

    def open_data(self, cfg: DictConfig, judges: Judges) -> None:
        """Open the data of the run, and check that data and judges suffice for the metrics.

        Raises:
            ValueError, OSError: they do not, or the data is missing.
        """
        self.data = instantiate(self.config.data)
        self.data.setup()
        self.metrics = choose_metrics(self.family, cfg.metrics, self.data.dataset, judges)
        modes = tuple(cfg.modes)
        needed = requirements(self.family, self.metrics, split=self.split, modes=modes)
        check_data(f"the evaluation of {self.path}", needed, self.data, "")
        if self.family == "stargan" and "domain_accuracy" in self.metrics and judges.classifier is not None:
            DomainClassifier(judges.classifier, self.data.domains)

    def measure(self, cfg: DictConfig, protocol: Protocol, judges: Judges, device: torch.device) -> Measured:
        """Load the networks and measure them."""
        networks, about = networks_from_run(self.path, str(self.checkpoint), averaged=cfg.averaged)
        generator: Any = networks.get("generator")
        masks = self.config.model.get("masks")
        make_masks = instantiate(masks) if masks is not None and getattr(generator, "w_hpf", 0) > 0 else None
        if make_masks is not None:
            check_masks(make_masks, masks_setting(self.config.model), self.data.dataset.size)
        settings = EvaluationSettings(
            self.metrics, self.split, protocol, judges,
            modes=tuple(cfg.modes), num_outputs=cfg.num_outputs, max_sources=cfg.max_sources,
            batch_size=cfg.batch_size, seed=cfg.seed, device=device, make_masks=make_masks,
            cache=StatisticsCache(Path(self.config.paths.cache) / "statistics"),
        )  # fmt: skip
        started = time.perf_counter()
        evaluation = evaluate_networks(
            {name: network.to(device) for name, network in networks.items()},
            EvaluationData(self.data.dataset, self.data.domains, self.data.membership),
            settings,
        )
        seconds = time.perf_counter() - started
        if (self.path / "metrics.csv").exists():
            curves = draw_curves(read_curves(self.path / "metrics.csv"))
            if curves is not None:
                evaluation.pictures.insert(0, Picture("Logged while training", curves, section="Training"))
        facts = self._facts(evaluation, about, cfg, device) | {"seconds": round(seconds, 1)}
        return Measured(evaluation, facts)

    def _facts(
        self, evaluation: Evaluation, about: Mapping[str, Any], cfg: DictConfig, device: torch.device
    ) -> dict[str, Any]:
        return {
            "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "run": str(self.path.absolute()),
            "checkpoint": about["checkpoint"].name,
            "step": about["step"],
            "weights": "averaged (EMA) where kept" if cfg.averaged else "as trained",
            "dataset": self.data.dataset.fingerprint,
            "image_size": self.data.dataset.size,
            **evaluation.protocol,
            "processes": dist.get_world_size() if dist.is_initialized() else 1,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {os.cpu_count()} cores",
            "versions": {"python": platform.python_version(), "hairgan": version("hairgan")} | versions(),
            "git": git_state(),
        }


def by_name(runs: Iterable[EvaluatedRun]) -> dict[str, EvaluatedRun]:
    """Runs by their names in tables. Runs with the same name get their full paths as names."""
    runs = list(runs)
    names = [run.name for run in runs]
    return {str(run.path.absolute()) if names.count(run.name) > 1 else run.name: run for run in runs}
