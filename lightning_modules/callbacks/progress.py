"""A progress bar over steps: images per second, losses, time left."""

from __future__ import annotations

import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from tqdm import tqdm


class Progress(Callback):
    """Shows the run's progress and logs its speed.

    Logs `throughput/images_per_second` (over all processes, since the previous logged step, callbacks included) and
    `throughput/seconds_per_step`.

    Args:
        show: losses to show beside the bar, as `phase/term`; by default every phase's `loss`.
        refresh_seconds: how often the bar is redrawn.
    """

    def __init__(self, show: list[str] | None = None, refresh_seconds: float = 0.5) -> None:
        self.show, self.refresh_seconds = show, refresh_seconds
        self._bar: tqdm[Any] | None = None
        self._since = (0, 0.0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since = (pl_module.steps_done, time.perf_counter())  # type: ignore[assignment]
        if trainer.is_global_zero:
            self._bar = tqdm(
                total=int(trainer.num_training_batches),
                initial=pl_module.steps_done,  # type: ignore[arg-type]
                unit="step",
                mininterval=self.refresh_seconds,
                dynamic_ncols=True,
                smoothing=0.05,
            )

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step: int = pl_module.steps_done  # type: ignore[assignment]
        logs: dict[str, float] = pl_module.last_logs  # type: ignore[assignment]
        images = trainer.datamodule.batch_size  # type: ignore[attr-defined]
        if step % trainer.log_every_n_steps == 0 and step > self._since[0]:
            seconds = (time.perf_counter() - self._since[1]) / (step - self._since[0])
            self._since = (step, time.perf_counter())
            speed = {"throughput/seconds_per_step": seconds, "throughput/images_per_second": images / seconds}
            pl_module.log_to_loggers(speed)  # type: ignore[operator]
        if self._bar is not None:
            shown = self.show or [name for name in logs if name.endswith("/loss")]
            values = " ".join(f"{name.removesuffix('/loss')} {logs[name]:.3f}" for name in shown if name in logs)
            rate = self._bar.format_dict["rate"]
            self._bar.set_postfix_str(f"{rate * images:.1f} img/s, {values}" if rate else values, refresh=False)
            self._bar.update()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
