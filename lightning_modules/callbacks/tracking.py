"""Tells trackers about a run: its config and environment at the start, its best values at the end."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import rank_zero_only

from hairgan.metrics.definitions import define
from hairgan.weights.carry_over import as_lines
from lightning_modules.callbacks.measured import measurable
from lightning_modules.callbacks.trial_report import TrialReport
from lightning_modules.loggers import TensorBoard

MINUTE = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d)-(\d\d)-(.+)")  # the DATE_TIME of a run directory


class Tracking(Callback):
    """Sends facts about a run to every logger.

    At the start: the resolved config, and under `run/` (for a resumed run `run/resumed_at_STEP/`) overrides, parameter
    counts, the dataset's fingerprint, git revision, versions and hardware. At the end, in the run's summary: the final
    values under their own names, the best values as `best/NAME`, and their steps as `best_step/NAME`.

    Args:
        cfg: the run's config.
        entry: what the run directory records about this start.
    """

    def __init__(self, cfg: DictConfig, entry: Mapping[str, Any]) -> None:
        self.cfg, self.entry = cfg, entry
        self.best: dict[str, tuple[float, int]] = {}  # name -> value and step
        self._sent = False

    @rank_zero_only
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        facts = self.facts(trainer, pl_module)
        names, _ = measurable(trainer, pl_module)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoard):
                logger.log_hyperparams(facts, dict.fromkeys(sorted(names), 0.0))
            else:
                logger.log_hyperparams(facts)
        self._sent = True

    def facts(self, trainer: pl.Trainer, module: Any) -> dict[str, Any]:
        """Facts about the run as one flat mapping, with names joined by `/`."""
        overrides = list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, TrialReport):
                overrides += [f"{name}={value}" for name, value in callback.trial.params.items()]
        sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in module.networks.items()}
        run = {
            "overrides": overrides,
            "parameters": sizes | {"total": sum(sizes.values())},
        }
        config = OmegaConf.to_container(self.cfg, resolve=True)
        assert isinstance(config, dict)
        run = {**self.entry, **run}
        if "init" in self.entry:
            run["init"] = _in_lines(self.entry["init"])
        if step := self.entry.get("resumed_at"):  # beside the facts of the run's first start
            run = {f"resumed_at_{step}": run}
        return flat(config | {"run": run})

    # final and best values

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self._keep_best(pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._keep_best(pl_module)

    def _keep_best(self, module: Any) -> None:
        for name, (step, value) in module.measured.items():
            definition = define(name)
            if step != module.steps_done or definition is None or math.isnan(value):
                continue
            best, _ = self.best.get(name, (None, 0))
            if best is None or (value > best if definition.better == "higher" else value < best):
                self.best[name] = value, step

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._summarize(trainer, pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        if self._sent:  # otherwise a logger may have caused the error
            self._summarize(trainer, pl_module)

    @rank_zero_only
    def _summarize(self, trainer: pl.Trainer, module: Any) -> None:
        final = module.last_logs | {name: value for name, (_, value) in module.measured.items()}
        best = {f"best/{name}": value for name, (value, _) in self.best.items()}
        steps = {f"best_step/{name}": step for name, (_, step) in self.best.items()}
        for logger in trainer.loggers:
            if hasattr(logger, "log_summary"):
                logger.log_summary({"steps_done": module.steps_done} | final, best | steps)

    def state_dict(self) -> dict[str, Any]:
        return {"best": {name: list(found) for name, found in self.best.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = {name: (value, step) for name, (value, step) in state_dict["best"].items()}


def _in_lines(init: Mapping[str, Any]) -> dict[str, Any]:
    """What a run started from, with its lists as text: trackers show lists of groups badly, and no dots in names."""
    files = [f"{digest} {file}" for source in init["sources"] for file, digest in source.get("sha256", {}).items()]
    paths = [source["path"] for source in init["sources"]]
    return {**init, "sources": paths, "sha256": files, "weights": as_lines(init["weights"])}


def flat(tree: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with names joined by `/`."""
    result: dict[str, Any] = {}
    for name, value in tree.items():
        result |= flat(value, f"{prefix}{name}/") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return result


def readable_name(name: str, run_dir: Path) -> str:
    """The name of a run in a tracker, for example `quickstart-2026-11-25-2125`.

    It contains the seconds if an earlier run has the same name, the number of a job of `-m`, and the name of the run
    directory instead of the time if the user chose it.
    """
    job = run_dir.name if MINUTE.fullmatch(run_dir.parent.name) else ""
    timed = run_dir.parent if job else run_dir
    found = MINUTE.fullmatch(timed.name)
    if found is None:
        return f"{name}-{run_dir.name}"
    day, hour, minute, rest = found.groups()
    same_minute = sorted(path.name for path in timed.parent.glob(f"{day}_{hour}-{minute}-*"))
    first = not same_minute or timed.name == same_minute[0]
    parts = [name, day, f"{hour}{minute}", "" if first else rest, f"job-{job}" if job else ""]
    return "-".join(filter(None, parts))
