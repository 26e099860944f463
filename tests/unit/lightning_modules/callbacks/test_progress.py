"""The progress of a run, on standard error."""

from __future__ import annotations

from types import SimpleNamespace

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
