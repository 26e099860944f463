from __future__ import annotations

import pytest

pytest.importorskip("optuna")

import torch
import yaml
from omegaconf import DictConfig
from optuna.trial import TrialState

from lightning_modules.base import NonFiniteError
from lightning_modules.callbacks.trial_report import TrialReport
from lightning_modules.stop_signals import StoppedBySignal
from sweep import FINISHED, sweep


def test_workers_share_a_study_that_ends_with_a_table_and_a_picture(settings, compose_config, tmp_path):
    def worker(trials: int):
        options = ["sweep=classifier", f"sweep.trials={trials}", "sweep.study=small", "callbacks.early_stopping=null"]
        return sweep(compose_config(*settings("hair_classifier", steps=2), *options))

    worker(1)
    study = worker(2)  # another worker, or the same after a kill, adds what is missing
    assert [trial.state in FINISHED for trial in study.trials] == [True, True]
    assert list(study.trials[0].intermediate_values) == [2]
    folder = tmp_path / "outputs" / "sweeps" / "small"
    assert (folder / "trial_001" / "metrics.csv").exists()
    assert len((folder / "trials.md").read_text().splitlines()) == 4
    assert (folder / "parallel_coordinates.png").stat().st_size > 1000
    config = yaml.safe_load((folder / "trial_001" / "config.yaml").read_text())
    assert (config["run_name"], config["group"]) == ("hair_classifier-small-trial-001", "small")


@pytest.fixture
def trials(monkeypatch, compose_config):
    """Sweeps with a `train` that does at each trial, by its number, what is planned: a value is measured, an error
    raised."""

    def run(plan: list[float | BaseException | None], **more: object):
        def train(cfg: DictConfig, callbacks: list[TrialReport]) -> dict[str, float]:
            outcome = plan[callbacks[0].trial.number]
            if isinstance(outcome, BaseException):
                raise outcome
            callbacks[0].value = outcome
            return {}

        monkeypatch.setattr("sweep.train", train)
        settings = {"sweep.trials": len(plan), "sweep.study": "planned"} | more
        options = [f"{name}={value}" for name, value in settings.items()]
        return sweep(compose_config("model=hair_classifier", "sweep=classifier", *options))

    return run


def test_a_trial_that_diverges_or_measures_nothing_is_given_up_and_the_study_goes_on(trials, tmp_path):
    diverged = NonFiniteError("step 3, phase classify: loss is nan")
    study = trials([0.5, diverged, None, float("nan"), torch.OutOfMemoryError("80 GiB"), 0.7])
    assert [trial.state for trial in study.trials] == [
        TrialState.COMPLETE, *[TrialState.PRUNED] * 4, TrialState.COMPLETE,
    ]  # fmt: skip
    assert study.trials[1].user_attrs["why"] == str(diverged) and study.best_trial.number == 5
    rows = (tmp_path / "outputs" / "sweeps" / "planned" / "trials.md").read_text().splitlines()[2:]
    assert [row.split(" | ")[:3] for row in rows] == [
        ["| 5", "complete", "0.7"], ["| 0", "complete", "0.5"], ["| 1", "diverged", "-"], ["| 2", "no value", "-"],
        ["| 3", "no value", "-"], ["| 4", "no memory", "-"],
    ]  # fmt: skip


def test_a_trial_that_is_stopped_does_not_count_and_ends_the_worker(trials, compose_config):
    with pytest.raises(StoppedBySignal) as stopped:
        trials([0.5, StoppedBySignal("SIGTERM"), 0.9])
    assert stopped.value.code == 143
    study = trials([0.0, 0.0, 0.9, 0.8], **{"sweep.trials": 3})  # the same command again: what is missing
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.FAIL] + [TrialState.COMPLETE] * 2
    assert study.best_value == 0.9


@pytest.mark.parametrize("started", ["trainer.devices", "torchrun"])
def test_a_trial_is_one_process(started, trials, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2" if started == "torchrun" else "1")
    with pytest.raises(ValueError, match="several processes a trial would start the whole sweep in each of them"):
        trials([0.5], **({} if started == "torchrun" else {"trainer.devices": 2}))


def test_what_is_wrong_with_all_trials_ends_the_worker(trials):
    with pytest.raises(ValueError, match="no such folder"):
        trials([ValueError("no such folder"), 0.5])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sweep.space", "{model.classifier.dropout: [0.0, 0.5]}"),
        ("sweep.metric", "val/mean_f1"),
        ("sweep.direction", "minimize"),
    ],
)
def test_a_study_goes_on_only_with_what_it_was_begun_with(name, value, trials):
    trials([0.5])
    with pytest.raises(ValueError, match=rf"begun with other settings \({name} was .*sweep.study=NAME"):
        trials([0.5, 0.6], **{name: value})
    assert len(trials([0.5, 0.6]).trials) == 2


def test_a_sweep_is_no_run(trials):
    with pytest.raises(ValueError, match="run_dir=x is for one run"):
        trials([0.5], run_dir="x")
