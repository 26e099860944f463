"""A run that is a trial of a sweep."""

from __future__ import annotations

from typing import ClassVar

import pytest

from lightning_modules.callbacks import Checkpoints
from lightning_modules.callbacks.trial_report import TrialReport
from tests.unit.lightning_modules.two_networks import Measures, TwoNetworks, Validated, fit


class Trial:
    """Keeps the reported values, and prunes values above 1."""

    number = 0
    params: ClassVar[dict[str, object]] = {}

    def __init__(self) -> None:
        self.reported: list[tuple[float, int]] = []

    def report(self, value: float, step: int) -> None:
        self.reported.append((value, step))

    def should_prune(self) -> bool:
        return self.reported[-1][0] > 1


def test_each_value_is_reported_once_and_a_pruned_trial_ends_the_run(tmp_path):
    trial = Trial()
    callback = TrialReport(trial, "val/quality")
    module = Validated(0.5, 0.5, 2.0, 0.5)
    fit(module, steps=8, tmp_path=tmp_path, callbacks=[callback, Checkpoints(100)], validate_every=2)
    assert trial.reported == [(0.5, 2), (0.5, 4), (2.0, 6)]
    assert callback.pruned and callback.value == 2.0 and module.steps_done == 6


def test_a_value_is_reported_once_if_a_validation_follows_at_its_step(tmp_path):
    trial = Trial()
    callbacks = [Measures({2: 0.5}), TrialReport(trial, "metrics/quality")]
    fit(Validated(0.1, 0.2), steps=4, tmp_path=tmp_path, callbacks=callbacks, validate_every=2)
    assert trial.reported == [(0.5, 2)]


def test_values_of_earlier_steps_are_not_reported(tmp_path):
    """A resumed run's `callback_metrics` hold old values, as new tensors each time."""
    trial, module = Trial(), Validated()
    module.log_dict = lambda *_, **__: None  # type: ignore[method-assign]
    module.measured = {"val/quality": (0, 0.5)}
    fit(module, steps=3, tmp_path=tmp_path, callbacks=[TrialReport(trial, "val/quality")])
    assert trial.reported == []


def test_an_unknown_metric_ends_the_run_after_one_step(tmp_path):
    module = TwoNetworks()
    with pytest.raises(ValueError, match=r"sweep.metric is 'both/los', which .* \(did you mean 'both/loss'\?\)"):
        fit(module, tmp_path=tmp_path, callbacks=[TrialReport(Trial(), "both/los")])
    assert module.steps_done == 1
    callback = TrialReport(Trial(), "both/loss")
    fit(module, tmp_path=tmp_path, callbacks=[callback])
    assert callback.value == module.last_logs["both/loss"]
