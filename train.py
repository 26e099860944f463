"""Train a model: `python train.py model=stargan data=celeba_hq`.

`train(cfg)` is the whole run and returns its metrics; `main` is the command line around it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # no name look-up when offline
os.environ.setdefault("WANDB_SILENT", "true")

import hydra
import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, open_dict

from datamodules.base import HairDataModule
from hairgan.memory import keep_freed_memory
from lightning_modules.base import PhasedModule
from lightning_modules.callbacks import Checkpoints
from lightning_modules.execution import Execution, use_tf32
from lightning_modules.launch import choice, dry_run, processes, run_directory, settings
from lightning_modules.launch.checks import check
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.launch.quiet import quiet_lightning
from lightning_modules.launch.summary import plan, summary
from lightning_modules.loggers import CurvesLogger
from lightning_modules.strategy import PhasedDDPStrategy, ProcessLostError


def train(cfg: DictConfig, more_callbacks: Sequence[pl.Callback] = ()) -> dict[str, float]:
    """Run what the config describes, with callbacks besides its own; where `resume` is set, go on with that run.

    Returns:
        the last logged losses and the validation metrics, by name.

    Raises:
        ValueError, OSError: for what a user can get wrong, in one sentence.
    """
    quiet_lightning()
    keep_freed_memory()
    settings.check_training(cfg)
    settings.choose_strategy(cfg)
    processes.join(cfg.trainer)
    cfg, checkpoint = processes.from_first(lambda: choice.choose(cfg))
    check(cfg)
    if not cfg.dry_run:
        Path(cfg.paths.outputs).mkdir(parents=True, exist_ok=True)  # before the data, which may take long
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    use_tf32(bool(cfg.tf32))

    data: HairDataModule = instantiate(cfg.data)
    data.pack()
    data.setup("fit")
    with open_dict(cfg):
        cfg.trainer.benchmark = bool(cfg.trainer.benchmark) and not cfg.trainer.deterministic
        cfg.domain_names = list(data.domains.names)
        cfg.num_domains = len(cfg.domain_names)

    module: PhasedModule = instantiate(cfg.model)
    module.execution = Execution(cfg.accumulate, cfg.compile, cfg.channels_last, cfg.activation_checkpointing)
    module.gradient_clip = cfg.get("gradient_clip")
    if cfg.dry_run:
        return dry_run.run(cfg, data, module, lambda trainer: plan(cfg, data, module, trainer, "none: a dry run", 0))
    run_dir = processes.from_first(lambda: choice.make_directory(cfg))
    with open_dict(cfg):
        cfg.run_dir = str(run_dir)
        if "wandb" in settings.parts_of(cfg, "logger"):
            cfg.logger.wandb.id = cfg.logger.wandb.id or run_directory.new_id()
    loggers, callbacks = ([instantiate(p) for p in settings.parts_of(cfg, g).values()] for g in ("logger", "callbacks"))
    callbacks += more_callbacks
    callbacks.sort(key=lambda callback: isinstance(callback, Checkpoints))  # those come last
    trainer: pl.Trainer = instantiate(cfg.trainer, default_root_dir=str(run_dir), logger=loggers, callbacks=callbacks)

    start = torch.load(checkpoint, weights_only=True, map_location="cpu")["steps_done"] if checkpoint else 0
    if trainer.is_global_zero:
        run_directory.write_record(run_dir, cfg, seed=cfg.seed, dataset=data.describe(), resumed_at=start or None)
        print(plan(cfg, data, module, trainer, str(run_dir), start))
        if cfg.reproduce:
            print(run_directory.differences(Path(cfg.reproduce), run_dir))
    for logger in loggers:
        if isinstance(logger, CurvesLogger):
            logger.resume_at(start)
    if start >= cfg.steps:
        raise ValueError(f"the run in {run_dir} has done its {start} steps; steps={cfg.steps} asks for no more")

    try:
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except RuntimeError as error:
        strategy = trainer.strategy
        if isinstance(strategy, PhasedDDPStrategy) and (lost := strategy.explain(error)):
            raise ProcessLostError(lost) from error
        raise
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()} | module.last_logs
    if trainer.is_global_zero:
        print(summary(cfg, module, run_dir))
    return metrics


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    """Train, and return the metric that a sweep optimises, if there is one."""
    with errors_as_sentences("train.py"):
        metrics = train(cfg)
    return metrics.get(cfg.optimized_metric) if cfg.get("optimized_metric") else None


if __name__ == "__main__":
    with errors_as_sentences("train.py"):
        main()
