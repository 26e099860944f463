"""Train a model: `python train.py model=stargan data=celeba_hq`.

`train(cfg)` is the whole run and returns its metrics; `main` is the command line around it.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # no name look-up when offline
os.environ.setdefault("WANDB_SILENT", "true")

import hydra
import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from datamodules.base import HairDataModule
from hairgan.memory import keep_freed_memory
from hairgan.weights import runs
from lightning_modules import dry_run, processes, run_choice, run_directory
from lightning_modules.base import PhasedModule
from lightning_modules.callbacks import Checkpoints
from lightning_modules.command_line import errors_as_sentences
from lightning_modules.execution import Execution, use_tf32
from lightning_modules.loggers import CurvesLogger
from lightning_modules.strategy import PhasedDDPStrategy, ProcessLostError


def train(cfg: DictConfig, more_callbacks: Sequence[pl.Callback] = ()) -> dict[str, float]:
    """Run what the config describes, with callbacks besides its own; where `resume` is set, go on with that run.

    Returns:
        the last logged losses and the validation metrics, by name.

    Raises:
        ValueError, OSError: for what a user can get wrong, in one sentence.
    """
    _quiet()
    keep_freed_memory()
    processes.join(cfg.trainer)
    cfg, checkpoint = processes.from_first(lambda: run_choice.choose(cfg))
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
    if cfg.dry_run:
        return dry_run.run(cfg, data, module, lambda trainer: plan(cfg, data, module, trainer, "none: a dry run", 0))
    run_dir = processes.from_first(lambda: run_choice.make_directory(cfg))
    with open_dict(cfg):
        cfg.run_dir = str(run_dir)
        if "wandb" in cfg.get("logger", {}):
            cfg.logger.wandb.id = cfg.logger.wandb.id or run_directory.new_id()
    loggers = [instantiate(c) for c in cfg.get("logger", {}).values() if OmegaConf.is_config(c) and "_target_" in c]
    callbacks = [instantiate(callback) for callback in cfg.get("callbacks", {}).values() if callback]
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


def _quiet() -> None:
    """Keep from the screen what Lightning says of things that are as they should be here."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        "does not have many workers",
        "smaller than the logging interval",
        "treespec",
        "_register_pytree_node",
        "have no `validation_step`",
        "in eval mode at the start",
    ):
        warnings.filterwarnings("ignore", message=f".*{message}.*")


def check(cfg: DictConfig) -> None:
    """Refuse what no run can be made of.

    Raises:
        ValueError: naming the setting, its value and what it may be.
    """
    size = cfg.image_size
    if not isinstance(size, int) or size < 32 or size & (size - 1):
        raise ValueError(f"image_size must be a power of two of 32 or more, not {size}")
    for name in ("steps", "batch_size", "accumulate"):
        if not isinstance(cfg[name], int) or cfg[name] < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more, not {cfg[name]}")
    if cfg.trainer.accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ValueError("trainer.accelerator asks for a GPU, but torch sees none here; trainer=cpu runs without one")
    if run_choice.is_sweep() and OmegaConf.is_config(cfg.trainer.strategy) and not processes.launched_from_outside():
        raise ValueError(
            "-m with several processes a job would start the whole sweep in each of them: give it trainer.devices=1, "
            "or let every job be launched on its own (sweep.py, hydra/launcher=submitit_slurm)"
        )


def plan(
    cfg: DictConfig, data: HairDataModule, module: PhasedModule, trainer: pl.Trainer, results: str, start: int
) -> str:
    """What will run, for a person to read before it does."""
    sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in module.networks.items()}
    counts = data.counts()
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} ({os.cpu_count()} cores)"
    rows = {
        "model": ", ".join(f"{network} {size / 1e6:.2f} M" for network, size in sizes.items()),
        "data": data.describe()["path"],
        "images": ", ".join(f"{split} {count['all']}" for split, count in counts.items()) + f" of {cfg.image_size} px",
        "domains": ", ".join(f"{domain} {n}" for domain, n in counts["train"].items() if domain != "all"),
        "device": f"{trainer.world_size} x {name}, precision {trainer.precision}",
        "steps": f"{start} to {cfg.steps}, {cfg.batch_size} images each, seed {cfg.seed}",
        "results": results,
    }
    return "\n".join(f"  {label:<8} {text}" for label, text in rows.items())


def summary(cfg: DictConfig, module: PhasedModule, run_dir: Path) -> str:
    """Where everything is, and what to do next."""
    shown = os.path.relpath(run_dir)
    stopped = module.steps_done < cfg.steps
    grids = sorted((run_dir / "samples").glob("*.png"))
    rows = {
        "stopped" if stopped else "done": f"{module.steps_done} of {cfg.steps} steps",
        "samples": os.path.relpath(grids[-1]) if grids else "none yet",
        "curves": f"{shown}/curves.png (values in metrics.csv)",
        "weights": f"{shown}/{runs.FOLDER}",
        "go on": f"python train.py resume={shown}" + ("" if stopped else f" steps={2 * cfg.steps}"),
    }
    if not stopped:
        rows["evaluate"] = f"python evaluate.py run={shown}"
    return "\n".join(f"  {label:<8} {text}" for label, text in rows.items())


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    """Train, and return the metric that a sweep optimises, if there is one."""
    with errors_as_sentences("train.py"):
        metrics = train(cfg)
    return metrics.get(cfg.optimized_metric) if cfg.get("optimized_metric") else None


if __name__ == "__main__":
    with errors_as_sentences("train.py"):
        main()
