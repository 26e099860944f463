"""Settings of Lightning's Trainer: devices, processes, precision."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from omegaconf import DictConfig, OmegaConf
from pydantic import ConfigDict, Field

from lightning_modules.launch.settings.validation import LARGEST, Meaning, Settings
from lightning_modules.launch.settings.value_types import Component, Count, Share, distinct, whole
from lightning_modules.launch.settings.wording import shown

PHASED_STRATEGY = "lightning_modules.strategy.PhasedDDPStrategy"
PROCESS_TIMEOUT = 1800  # seconds that a process waits for the others

ONE_EPOCH = "a run is one epoch, whose length is steps=N"
FIXED = "train.py sets it"

Devices = Annotated[
    Annotated[int, Field(ge=1, le=4096)] | Literal[-1, "auto"] | distinct(Annotated[int, Field(ge=0, le=4095)]),
    Meaning("a whole number of 1 or more, -1 (all), auto or a list of device numbers"),
]


class Trainer(Settings):
    """The settings of the Trainer that a user may choose; the others are fixed or set elsewhere."""

    model_config = ConfigDict(extra="forbid")

    HINTS: ClassVar = {
        "max_epochs": ONE_EPOCH, "min_epochs": ONE_EPOCH, "max_steps": ONE_EPOCH, "min_steps": ONE_EPOCH,
        "max_time": "Ctrl-C or SIGTERM stops a run after it has saved", "limit_train_batches": ONE_EPOCH,
        "fast_dev_run": "debug=fast is a run of one step", "overfit_batches": "debug=overfit repeats one batch",
        "gradient_clip_val": "it is called gradient_clip=NORM here, for every model",
        "gradient_clip_algorithm": "gradient_clip=NORM clips by the norm",
        "accumulate_grad_batches": "it is called accumulate=N here",
        "sync_batchnorm": "batch statistics are always those of all processes",
        "val_check_interval": "set validate_every instead", "check_val_every_n_epoch": "set validate_every instead",
        "num_sanity_val_steps": FIXED, "use_distributed_sampler": "each process already reads its own images",
        "enable_checkpointing": "callbacks.checkpoints saves; callbacks.checkpoints=null turns it off",
        "enable_progress_bar": "callbacks.progress shows it; callbacks.progress=null turns it off",
        "enable_model_summary": "the sizes of the networks are printed at the start",
        "default_root_dir": "it is called run_dir=FOLDER here", "logger": "logger=none, or logger=[csv,tensorboard]",
        "callbacks": "callbacks.NAME._target_=...", "limit_test_batches": "evaluate.py measures",
        "limit_predict_batches": "evaluate.py measures",
        "strategy": "the strategy for several processes is chosen from trainer.devices and trainer.num_nodes",
    }  # fmt: skip

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto"
    devices: Devices = 1
    num_nodes: whole(1, 4096) = 1
    strategy: Annotated[Literal["auto"] | Component, Meaning("auto")] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "64-true", 32, 16, 64, "32", "16", "bf16", "64", None]
    log_every_n_steps: Count = 50
    val_check_interval: Count | None = None
    limit_val_batches: Annotated[
        Share | whole(0, LARGEST),
        Meaning("a share of the batches from 0.0 to 1.0, or a whole number of them"),
    ] = 1.0
    deterministic: bool | Literal["warn"] = False
    benchmark: bool | None = True
    profiler: Annotated[
        Literal["simple", "advanced", "pytorch"] | Component | None, Meaning("simple, advanced or null")
    ] = None
    detect_anomaly: bool = False
    plugins: list[Component] | Component | None = None
    max_epochs: Literal[1] = 1
    check_val_every_n_epoch: None = None
    num_sanity_val_steps: Literal[0] = 0
    use_distributed_sampler: Literal[False] = False
    enable_checkpointing: Literal[False] = False
    enable_progress_bar: Literal[False] = False
    enable_model_summary: Literal[False] = False


def choose_strategy(cfg: DictConfig) -> None:
    """Set the strategy that fits the number of processes: one that averages gradients per phase for several of them."""
    trainer = cfg.trainer
    devices = trainer.get("devices", 1)
    several = len(devices) > 1 if OmegaConf.is_list(devices) else devices not in (0, 1)
    if trainer.accelerator == "cpu" and devices == "auto":
        several = False
    several = several or trainer.get("num_nodes", 1) > 1
    strategy = trainer.get("strategy", "auto")
    if not several and OmegaConf.is_dict(strategy) and strategy.get("_target_") == PHASED_STRATEGY:
        trainer.strategy = "auto"  # of a run that had several processes until now
    elif several and strategy == "auto":
        timeout = {"_target_": "datetime.timedelta", "seconds": PROCESS_TIMEOUT}
        trainer.strategy = {"_target_": PHASED_STRATEGY, "timeout": timeout}


def check_processes(trainer: dict[str, Any], batch_size: int) -> None:
    """Refuse a strategy that does not average gradients per phase, and devices that cannot share a batch.

    Raises:
        ValueError: naming the setting.
    """
    target = trainer["strategy"]["_target_"] if isinstance(trainer.get("strategy"), dict) else ""
    if target.startswith(("pytorch_lightning.", "lightning.")):
        raise ValueError(
            f"trainer.strategy must be auto or {PHASED_STRATEGY}, not {target}, which does not average the gradients "
            "of each phase; auto chooses the right one from trainer.devices and trainer.num_nodes"
        )
    devices, on_cpu = trainer.get("devices", 1), trainer.get("accelerator") == "cpu"
    if on_cpu and (devices == -1 or isinstance(devices, list)):
        names = "all GPUs" if devices == -1 else "GPUs by number"
        raise ValueError(
            f"trainer.devices={shown(devices)} means {names}; on a CPU give the number of processes, e.g. "
            "trainer.devices=2"
        )
    per_node = len(devices) if isinstance(devices, list) else devices
    if isinstance(per_node, int) and per_node > 0:
        processes = per_node * trainer.get("num_nodes", 1)
        if batch_size % processes:
            raise ValueError(
                f"batch_size={batch_size} cannot be divided among the {processes} processes of "
                f"trainer.devices={shown(devices)}"
            )
