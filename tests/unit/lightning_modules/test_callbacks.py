from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import ClassVar

import pytest

from lightning_modules.callbacks import Checkpoints, progress
from lightning_modules.callbacks.collapse_warning import CollapseWarning
from lightning_modules.callbacks.trial_report import TrialReport
from tests.unit.lightning_modules.two_networks import Measures, TwoNetworks, Validated, fit


def test_a_discriminator_that_has_won_is_told_once():
    callback = CollapseWarning(patience=3, threshold=0.02)

    def steps(*losses: tuple[float, float]) -> None:
        for real, fake in losses:
            module.steps_done += 1
            module.last_logs = {"d/real": real, "d/fake": fake, "g/adv": 9.0}
            callback.on_train_batch_end(None, module)  # type: ignore[arg-type]

    module = SimpleNamespace(steps_done=0, last_logs={})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps((0.01, 0.01), (0.01, 0.01), (0.01, 0.5), (0.01, 0.01), (0.0, 0.0))
    with pytest.warns(UserWarning, match="since step 4 the discriminator"):
        steps((0.01, 0.01))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps((0.01, 0.01), (0.01, 0.01))


class Trial:
    """Remembers what it was told, and prunes values above 1."""

    number = 0
    params: ClassVar[dict[str, object]] = {}

    def __init__(self) -> None:
        self.told: list[tuple[float, int]] = []

    def report(self, value: float, step: int) -> None:
        self.told.append((value, step))

    def should_prune(self) -> bool:
        return self.told[-1][0] > 1


def test_a_trial_hears_each_value_once_and_can_end_the_run(tmp_path):
    trial = Trial()
    callback = TrialReport(trial, "val/quality")
    module = Validated(0.5, 0.5, 2.0, 0.5)
    fit(module, steps=8, tmp_path=tmp_path, callbacks=[callback, Checkpoints(100)], validate_every=2)
    assert trial.told == [(0.5, 2), (0.5, 4), (2.0, 6)]
    assert callback.pruned and callback.value == 2.0 and module.steps_done == 6


def test_a_trial_hears_a_value_once_though_a_validation_follows(tmp_path):
    trial = Trial()
    callbacks = [Measures({2: 0.5}), TrialReport(trial, "metrics/quality")]
    fit(Validated(0.1, 0.2), steps=4, tmp_path=tmp_path, callbacks=callbacks, validate_every=2)
    assert trial.told == [(0.5, 2)]


def test_a_trial_hears_nothing_that_was_measured_before(tmp_path):
    """A resumed run's `callback_metrics` hold old values, as new tensors each time."""
    trial, module = Trial(), Validated()
    module.log_dict = lambda *_, **__: None  # type: ignore[method-assign]
    module.measured = {"val/quality": (0, 0.5)}
    fit(module, steps=3, tmp_path=tmp_path, callbacks=[TrialReport(trial, "val/quality")])
    assert trial.told == []


def test_a_trial_of_an_unknown_metric_ends_after_a_step(tmp_path):
    module = TwoNetworks()
    with pytest.raises(ValueError, match=r"sweep.metric is 'both/los', which .* \(did you mean 'both/loss'\?\)"):
        fit(module, tmp_path=tmp_path, callbacks=[TrialReport(Trial(), "both/los")])
    assert module.steps_done == 1
    callback = TrialReport(Trial(), "both/loss")
    fit(module, tmp_path=tmp_path, callbacks=[callback])
    assert callback.value == module.last_logs["both/loss"]


def test_off_a_terminal_progress_is_a_line_now_and_then(monkeypatch, capsys):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: float(next(clock)))
    logs = {"d/loss": 0.5, "d/real": 0.2, "g/loss": 1.25}
    module = SimpleNamespace(steps_done=10, last_logs=logs, log_to_loggers=lambda values: None)
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
