"""The combinations that a grid's trials get."""

from __future__ import annotations

import pytest

pytest.importorskip("optuna")

import optuna

from lightning_modules.sweeps.grid import Grid


def test_trials_that_run_at_the_same_time_get_different_combinations(tmp_path):
    space = {"a": [1, 2], "b": [None, "x"]}
    study = optuna.create_study(sampler=Grid(space, tmp_path))
    suggested = []
    for _ in range(4):  # no trial has finished when the next one starts
        trial = study.ask()
        suggested.append({name: trial.suggest_categorical(name, values) for name, values in space.items()})
    assert sorted(map(str, suggested)) == sorted(str({"a": a, "b": b}) for a in (1, 2) for b in (None, "x"))


def test_a_failed_trial_is_tried_again(tmp_path):
    study = optuna.create_study(sampler=Grid({"a": [1, 2]}, tmp_path))
    tried = []

    def objective(trial: optuna.Trial) -> float:
        tried.append(trial.suggest_categorical("a", [1, 2]))
        if len(tried) == 1:
            raise RuntimeError("once")
        return 0.0

    study.optimize(objective, catch=(RuntimeError,))
    assert len(tried) == 3 and set(tried[1:]) == {1, 2}
