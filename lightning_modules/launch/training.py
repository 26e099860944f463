"""A whole training run, from its config to its metrics."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # avoids a network request when offline
os.environ.setdefault("WANDB_SILENT", "true")

import pytorch_lightning as pl
from hydra.utils import instantiate
from omegaconf import DictConfig, open_dict

from hairgan.memory import keep_freed_memory
from lightning_modules.callbacks.checkpoints import raise_if_stopped
from lightning_modules.callbacks.run_record import RunRecord
from lightning_modules.callbacks.tracking import Tracking
from lightning_modules.launch import dry_run, processes, record, settings
from lightning_modules.launch.checks import check_machine, check_run
from lightning_modules.launch.choice import choose_run, trainer_config
from lightning_modules.launch.components import build_callbacks, build_data_and_module, build_loggers
from lightning_modules.launch.log_filters import show_own_warnings_plainly, silence_lightning
from lightning_modules.launch.overrides import overridden_names
from lightning_modules.launch.run_directory import own_run_directory
from lightning_modules.launch.summary import plan, summary


def train(cfg: DictConfig, more_callbacks: Sequence[pl.Callback] = ()) -> dict[str, float]:
    """Train as the config describes, or continue the run that `resume` names.

    Args:
        more_callbacks: callbacks besides those of the config.

    Returns:
        the last logged losses and the validation metrics, by name.

    Raises:
        ValueError, OSError: an error that a user can cause, in one sentence.
        StoppedBySignal: a signal stopped the run, after a checkpoint was saved.
    """
    silence_lightning()
    show_own_warnings_plainly()
    keep_freed_memory()
    settings.check_training(cfg)
    settings.choose_strategy(cfg)
    processes.check_environment()
    processes.connect(trainer_config(cfg))
    choice = processes.from_first_process(lambda: choose_run(cfg))
    cfg = choice.cfg
    if choice.run or cfg.reproduce:
        settings.check_run_config(cfg, overridden_names())
    check_machine(cfg)
    if cfg.dry_run:
        return dry_run.run(cfg, *build_data_and_module(cfg, new=choice.run is None))
    with own_run_directory(choice) as run:
        with open_dict(cfg):
            cfg.run_dir = str(run.path)
        data, module = build_data_and_module(cfg, new=run.checkpoint is None)
        start = module.start or (record.started_from(run.path) if run.checkpoint else None)
        facts = record.make(
            seed=cfg.seed,
            dataset=data.describe(),
            resumed_at=run.start or None,
            asked=choice.fingerprint,
            **({"init": start} if start else {}),
        )
        loggers = build_loggers(cfg)
        callbacks = build_callbacks(cfg, [Tracking(cfg, facts), *more_callbacks])
        callbacks.append(RunRecord(run, cfg, facts))
        trainer: pl.Trainer = instantiate(
            cfg.trainer, default_root_dir=str(run.path), logger=loggers, callbacks=callbacks
        )
        check_run(cfg, run, data, module, callbacks)
        if trainer.is_global_zero:
            print(plan(cfg, data, module, trainer, str(run.path), run.start))
            if cfg.reproduce:
                print(record.differences(Path(cfg.reproduce), facts))
        with processes.name_lost_processes(trainer):
            trainer.fit(module, datamodule=data, ckpt_path=run.checkpoint, weights_only=True)
        if trainer.is_global_zero:
            print(summary(cfg, module, callbacks, run.path))
    raise_if_stopped(callbacks)
    return {name: float(value) for name, value in trainer.callback_metrics.items()} | module.last_logs
