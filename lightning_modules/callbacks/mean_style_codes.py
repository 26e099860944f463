"""SEAN's mean style codes, beside its checkpoints."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import nn

from hairgan.evaluation.batches import batches, read
from hairgan.networks.mean_styles import mean_styles
from hairgan.weights.mean_styles import file_name, save_mean_styles
from hairgan.weights.runs import BEST, FOLDER, read_checkpoint, weights_of
from lightning_modules.failures import skip_failures


class MeanStyleCodes(Callback):
    """Writes mean style codes of training images at the end of SEAN's training.

    There is one file for the last and one for the best checkpoint. `hairgan bundle` adds them to the bundle.

    Args:
        max_images: largest number of images; the first ones of the training split are used.
        batch_size: images per batch.
    """

    def __init__(self, max_images: int = 1000, batch_size: int = 8) -> None:
        if max_images < 1 or batch_size < 1:
            raise ValueError(
                f"mean style codes need max_images and batch_size of 1 or more, not {max_images} and {batch_size}"
            )
        self.max_images, self.batch_size = max_images, batch_size

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        with skip_failures(trainer, "mean_style_codes"):
            self._write(trainer, pl_module)

    def _write(self, trainer: pl.Trainer, module: Any) -> None:
        generator = module.averaged("generator")
        with module.in_evaluation_mode():
            self._save(trainer, generator, module.steps_done)
        best = Path(trainer.default_root_dir) / FOLDER / BEST
        if best.is_file():
            state, step = read_checkpoint(best)
            if step != module.steps_done:
                generator = copy.deepcopy(generator).eval()
                generator.load_state_dict(weights_of(state, "generator"))
                self._save(trainer, generator, step)

    @torch.no_grad()
    def _save(self, trainer: pl.Trainer, generator: nn.Module, step: int) -> None:
        dataset = trainer.datamodule.dataset  # type: ignore[attr-defined]
        chosen = batches(dataset.split("train")[: self.max_images], self.batch_size)
        convert = trainer.precision_plugin.convert_input  # for 64-true
        device = trainer.strategy.root_device
        means = mean_styles(generator, (convert(read(dataset, part, device)) for part in chosen))
        path = Path(trainer.default_root_dir) / FOLDER / file_name(step)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_mean_styles(path, means)
