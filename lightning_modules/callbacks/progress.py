"""Progress of a run: a bar on a terminal, lines elsewhere, and its speed in the logs."""

from __future__ import annotations

import importlib.util
import sys
import time
from typing import Any, Literal

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from tqdm import tqdm

from hairgan.extras import how_to_install


class Progress(Callback):
    """Shows the run's progress on standard error, and logs its speed.

    On a terminal it shows a bar. Elsewhere (a file, a job's log, a notebook) it prints a line after the first step and
    then at regular intervals. Its losses are those of the last step or of the one before (`checked_logs`).

    Logs `throughput/images_per_second` and `throughput/seconds_per_step`, over all processes and since the previous
    logged step, including the time of callbacks.

    Args:
        show: losses to show, as `phase/term`; by default every phase's `loss`.
        bar: what draws the bar, tqdm (`plain`) or rich.
        refresh_seconds: time between two updates of the bar.
        line_seconds: time between two lines.

    Raises:
        ValueError: rich is not installed.
    """

    def __init__(
        self,
        show: list[str] | None = None,
        bar: Literal["plain", "rich"] = "plain",
        refresh_seconds: float = 0.5,
        line_seconds: float = 30.0,
    ) -> None:
        if bar == "rich" and importlib.util.find_spec("rich") is None:
            raise ValueError(f"callbacks=rich needs another package: {how_to_install('rich')}")
        self.show, self.bar, self.refresh_seconds, self.line_seconds = show, bar, refresh_seconds, line_seconds
        self._display: _Bar | _RichBar | _Lines | None = None
        self._since = (0, 0.0)  # the last logged step, and its time

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        done: int = pl_module.steps_done  # type: ignore[assignment]
        self._since = (done, time.perf_counter())
        if trainer.is_global_zero:
            total = int(trainer.num_training_batches)
            if sys.stderr.isatty():
                kind = _RichBar if self.bar == "rich" else _Bar
                self._display = kind(done, total, self.refresh_seconds)
            else:
                self._display = _Lines(done, total, self.line_seconds)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step: int = pl_module.steps_done  # type: ignore[assignment]
        logs: dict[str, float] = pl_module.checked_logs  # type: ignore[assignment]
        images = trainer.datamodule.batch_size  # type: ignore[attr-defined]
        if step % trainer.log_every_n_steps == 0 and step > self._since[0]:
            seconds = (time.perf_counter() - self._since[1]) / (step - self._since[0])
            self._since = (step, time.perf_counter())
            speed = {"throughput/seconds_per_step": seconds, "throughput/images_per_second": images / seconds}
            pl_module.log_to_loggers(speed)  # type: ignore[operator]
        if self._display is not None:
            shown = self.show or [name for name in logs if name.endswith("/loss")]
            losses = " ".join(f"{name.removesuffix('/loss')} {logs[name]:.3f}" for name in shown if name in logs)
            self._display.update(step, images, losses)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self._display is not None:
            self._display.close()
            self._display = None


class _Bar:
    """A progress bar, for terminals."""

    def __init__(self, done: int, total: int, refresh_seconds: float) -> None:
        self.bar = tqdm(
            total=total, initial=done, unit="step", mininterval=refresh_seconds, dynamic_ncols=True, smoothing=0.05
        )

    def update(self, step: int, images: int, losses: str) -> None:
        rate = self.bar.format_dict["rate"]
        self.bar.set_postfix_str(f"{rate * images:.1f} img/s, {losses}" if rate else losses, refresh=False)
        self.bar.update()

    def close(self) -> None:
        self.bar.close()


class _RichBar:
    """The same, drawn by rich."""

    def __init__(self, done: int, total: int, refresh_seconds: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[shown]}"),
            console=Console(stderr=True),
            refresh_per_second=1 / max(refresh_seconds, 0.02),
        )
        self.task = self.progress.add_task("", total=total, completed=done, shown="")
        self.progress.start()

    def update(self, step: int, images: int, losses: str) -> None:
        rate = self.progress.tasks[0].speed
        shown = f"{rate:.3g} step/s, {rate * images:.1f} img/s, {losses}" if rate else losses
        self.progress.update(self.task, completed=step, shown=shown)

    def close(self) -> None:
        self.progress.stop()


class _Lines:
    """A line after the first step, then one every few seconds, and one at the end."""

    def __init__(self, done: int, total: int, seconds: float) -> None:
        self.first, self.total, self.seconds = done, total, seconds
        self.started = time.perf_counter()
        self.next = self.started
        self.line = ""  # of the newest step, if it is not written yet

    def update(self, step: int, images: int, losses: str) -> None:
        now = time.perf_counter()
        rate = (step - self.first) / (now - self.started)
        left = tqdm.format_interval((self.total - step) / rate)
        speed = f"{rate:.3g} step/s, {rate * images:.3g} img/s, {left} left"
        self.line = f"step {step} of {self.total}: {speed}, {losses}"
        if now >= self.next:
            self.next = now + self.seconds
            self._write()

    def close(self) -> None:
        self._write()

    def _write(self) -> None:
        if self.line:
            print(self.line, file=sys.stderr, flush=True)
            self.line = ""
