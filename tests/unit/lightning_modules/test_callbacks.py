from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest

from lightning_modules.callbacks.collapse_warning import CollapseWarning
from lightning_modules.callbacks.trial_report import TrialReport


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


def test_a_trial_hears_each_value_once_and_can_end_the_run():
    class Trial:
        def __init__(self) -> None:
            self.told: list[tuple[float, int]] = []

        def report(self, value: float, step: int) -> None:
            self.told.append((value, step))

        def should_prune(self) -> bool:
            return self.told[-1][0] > 1

    trial = Trial()
    callback = TrialReport(trial, "fid")
    trainer, module = SimpleNamespace(callback_metrics={}, should_stop=False), SimpleNamespace(steps_done=1)
    callback.on_train_batch_end(trainer, module)  # type: ignore[arg-type]
    trainer.callback_metrics["fid"] = 1.0
    callback.on_validation_end(trainer, module)  # type: ignore[arg-type]
    callback.on_train_batch_end(trainer, module)  # type: ignore[arg-type]
    assert trial.told == [(1.0, 1)] and not trainer.should_stop
    trainer.callback_metrics["fid"], module.steps_done = 2.0, 2
    callback.on_train_batch_end(trainer, module)  # type: ignore[arg-type]
    assert trial.told == [(1.0, 1), (2.0, 2)] and trainer.should_stop and callback.pruned
