"""The table and the picture of a study."""

from __future__ import annotations

import pytest

pytest.importorskip("optuna")

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from lightning_modules.sweeps.report import Line, draw_parallel_coordinates, write_report
from lightning_modules.sweeps.trial import OUTCOME

SPACE = {"rate": FloatDistribution(1e-4, 1e-1, log=True), "kind": CategoricalDistribution(["a", "b"])}


def add_trial(study, rate: float, kind: str, value: float | None, state: TrialState, **attributes: str) -> None:
    study.add_trial(
        create_trial(
            params={"rate": rate, "kind": kind},
            distributions=SPACE,
            value=value,
            state=state,
            user_attrs=attributes,
            intermediate_values={} if value is None else {20: value},
        )
    )


def test_trials_are_sorted_and_failed_ones_come_last(tmp_path, capsys):
    study = optuna.create_study(direction="minimize")
    write_report(study, "metrics/fid", tmp_path)
    assert not list(tmp_path.iterdir()), "there is nothing to report yet"
    add_trial(study, 1e-3, "a", 5.0, TrialState.COMPLETE)
    add_trial(study, 1e-2, "b", None, TrialState.PRUNED, **{OUTCOME: "diverged"})
    add_trial(study, 1e-4, "b", 7.0, TrialState.PRUNED)
    add_trial(study, 1e-2, "a", 3.0, TrialState.COMPLETE)
    write_report(study, "metrics/fid", tmp_path)
    assert (tmp_path / "trials.md").read_text().splitlines() == [
        "| trial | state | value | steps | rate | kind |",
        "| --- | --- | --- | --- | --- | --- |",
        "| 3 | complete | 3 | 20 | 0.01 | a |",
        "| 0 | complete | 5 | 20 | 0.001 | a |",
        "| 2 | pruned | 7 | 20 | 0.0001 | b |",
        "| 1 | diverged | - | 0 | 0.01 | b |",
    ]
    assert "complete" in capsys.readouterr().out
    assert (tmp_path / "parallel_coordinates.png").exists()


def test_one_trial_can_be_drawn():
    picture = draw_parallel_coordinates([Line(0, {"rate": 0.1, "fid": 2.0}, True)], ["rate", "fid"], {"rate"})
    assert picture.ndim == 3 and picture.min() < 128, "something dark is drawn on white"
