"""What to say of a name that is no setting: what it is called here, or which setting is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

MOST_NAMES = 3  # of settings that a message asks about

COMMON_NAMES = {
    "ckpt_path": "resume=RUN_OR_CHECKPOINT continues a run, and evaluate.py run=RUN measures one",
    "checkpoint": "resume=RUN_OR_CHECKPOINT continues a run, and evaluate.py run=RUN measures one",
    "pretrained": "init=RUN_BUNDLE_OR_FILE starts from trained weights",
    "finetune": "init=RUN_BUNDLE_OR_FILE starts from trained weights",
    "weights": "init=RUN_BUNDLE_OR_FILE starts from trained weights",
    "resume_from": "resume=RUN_OR_CHECKPOINT continues a run, and init=RUN_OR_CHECKPOINT starts a new one from it",
    "train": "train.py trains, evaluate.py measures",
    "test": "evaluate.py run=RUN measures a trained model",
    "hparams_search": "sweep.py sweep=tpe searches for settings",
    "task_name": "it is called name here",
    "experiment_name": "it is called name here",
    "output_dir": "it is called run_dir here, or paths.outputs for the folder around it",
    "extras": "output and logging are set in callbacks and logger",
    "local": "set the paths of this machine with HAIRGAN_HOME, HAIRGAN_DATA and HAIRGAN_CACHE, or with paths.NAME",
    "max_epochs": "a run is one epoch, whose length is steps=N",
    "epochs": "a run is one epoch, whose length is steps=N",
    "num_epochs": "a run is one epoch, whose length is steps=N",
    "max_steps": "it is called steps here",
    "num_steps": "it is called steps here",
    "total_iters": "it is called steps here",
    "iters": "it is called steps here",
    "batch": "it is called batch_size here, over all devices",
    "size": "it is called image_size here",
    "img_size": "it is called image_size here",
    "resolution": "it is called image_size here",
    "lr": "each optimizer has its own: model.optimizer.lr, or model.optimizers.NETWORK.lr",
    "learning_rate": "each optimizer has its own: model.optimizer.lr, or model.optimizers.NETWORK.lr",
    "optimizer": "each model has its own: model.optimizer, or model.optimizers.NETWORK",
    "scheduler": "it is called model.schedule here",
    "devices": "it is called trainer.devices here",
    "gpus": "it is called trainer.devices here, with trainer=gpu or trainer=ddp",
    "accelerator": "it is called trainer.accelerator here",
    "precision": "it is called trainer.precision here",
    "num_workers": "it is called data.num_workers here",
    "dataset": "it is called data here, and its folder data.root",
    "root": "it is called data.root here",
    "data_dir": "it is called data.root here, or paths.data for the folder around it",
    "gradient_clip_val": "it is called gradient_clip here",
    "accumulate_grad_batches": "it is called accumulate here",
    "deterministic": "it is called trainer.deterministic here",
    "wandb": "choose it with logger=[csv,wandb]; its settings are logger.wandb.NAME",
    "project": "it is called logger.wandb.project here",
    "fast_dev_run": "debug=fast is a run of one step",
    "overfit_batches": "debug=overfit repeats one batch",
}
"""Names that other frameworks use, and what to say of each."""


def did_you_mean(name: str, tree: Mapping[Any, Any], where: str = "") -> str:
    """` (did you mean 'model.lambda_ds'?)`: the same name elsewhere, or else a similar one; empty if there is none.

    A setting of the same group is named without the group, as in ` (did you mean 'lambda_cyc'?)`.

    Args:
        name: what is no setting, without its group; it may have several parts (`generator.w_hpf`).
        tree: the whole config as plain values.
        where: full name of its group; empty for the outermost level.
    """
    known = list(_full_names(tree))
    siblings = [full.rpartition(".")[2] for full in known if full.rpartition(".")[0] == where]
    last = name.rpartition(".")[2]
    found = [full for full in known if f".{full}".endswith(f".{name}")]
    if found:  # first those inside the group, and the outer ones
        found.sort(key=lambda full: (not full.startswith(f"{where}."), full.count(".")))
    elif not (found := get_close_matches(name, siblings, n=1)):
        names = {full.rpartition(".")[2]: full for full in reversed(known)}
        found = [names[close] for close in get_close_matches(last, names, n=1, cutoff=0.8)]
    asked = [f"'{full}'" for full in found[:MOST_NAMES]]
    asked += ["another"] if len(found) > MOST_NAMES else []
    return f" (did you mean {' or '.join(asked)}?)" if asked else ""


def _full_names(tree: Mapping[Any, Any], around: str = "") -> Iterator[str]:
    """The full names of all settings and groups of settings, without those that take the value of another."""
    for name, value in tree.items():
        if not str(name).startswith("_") and not (isinstance(value, str) and value.startswith("${")):
            yield f"{around}{name}"
            if isinstance(value, Mapping):
                yield from _full_names(value, f"{around}{name}.")
