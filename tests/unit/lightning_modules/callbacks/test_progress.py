"""The progress of a run, on standard error."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import pytest

from lightning_modules.callbacks import progress


def test_without_a_terminal_progress_is_printed_as_lines(monkeypatch, capsys):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: float(next(clock)))
    logs = {"d/loss": 0.5, "d/real": 0.2, "g/loss": 1.25}
    module = SimpleNamespace(steps_done=10, checked_logs=logs, log_to_loggers=lambda values: None)
    data = SimpleNamespace(batch_size=4)
    trainer = SimpleNamespace(is_global_zero=True, num_training_batches=19, log_every_n_steps=100, datamodule=data)
    callback = progress.Progress(line_seconds=30)
    callback.on_train_start(trainer, module)  # type: ignore[arg-type]
    for _ in range(9):
        module.steps_done += 1
        callback.on_train_batch_end(trainer, module)  # type: ignore[arg-type]
    callback.on_train_end(trainer, module)  # type: ignore[arg-type]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"step {step} of 19" for step in (11, 14, 17, 19)]
    assert lines[0] == "step 11 of 19: 0.1 step/s, 0.4 img/s, 01:20 left, d 0.500 g 1.250"


def test_rich_draws_the_bar_on_a_terminal(monkeypatch, capsys):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    module = SimpleNamespace(steps_done=10, checked_logs={"d/loss": 0.5}, log_to_loggers=lambda values: None)
    data = SimpleNamespace(batch_size=4)
    trainer = SimpleNamespace(is_global_zero=True, num_training_batches=12, log_every_n_steps=100, datamodule=data)
    callback = progress.Progress(bar="rich")
    callback.on_train_start(trainer, module)  # type: ignore[arg-type]
    for _ in range(2):
        module.steps_done += 1
        callback.on_train_batch_end(trainer, module)  # type: ignore[arg-type]
    callback.on_train_end(trainer, module)  # type: ignore[arg-type]
    assert "12/12" in capsys.readouterr().err


def test_missing_rich_is_reported_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"callbacks=rich needs another package: pip install -e '\.\[rich\]'"):
        progress.Progress(bar="rich")
