"""`sweep.py`: workers, outcomes of trials, and studies that are continued."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("optuna")

import torch
import yaml
from omegaconf import DictConfig, open_dict
from optuna.trial import TrialState

from lightning_modules.callbacks.trial_report import TrialReport
from lightning_modules.phase import NonFiniteError
from lightning_modules.stop_signals import StoppedBySignal
from lightning_modules.sweeps.search import sweep
from lightning_modules.sweeps.trial import FINISHED


def test_workers_share_a_study_that_ends_with_a_table_and_a_picture(settings, compose_config, tmp_path):
    def worker(trials: int):
        options = ["sweep=classifier", f"sweep.trials={trials}", "sweep.study=small", "callbacks.early_stopping=null"]
        return sweep(compose_config(*settings("hair_classifier", steps=2), *options))

    worker(1)
    study = worker(2)  # another worker, or the same one after a kill, runs the missing trials
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
    """Runs a sweep whose `train` does what is planned for each trial number: it measures a value or raises an error."""

    def run(plan: list[float | BaseException | None], **more: object):
        def train(cfg: DictConfig, callbacks: list[TrialReport]) -> dict[str, float]:
            outcome = plan[callbacks[0].trial.number]
            if isinstance(outcome, BaseException):
                raise outcome
            callbacks[0].value = outcome
            return {}

        monkeypatch.setattr("lightning_modules.sweeps.search.train", train)
        settings = {"sweep.trials": len(plan), "sweep.study": "planned"} | more
        options = [f"{name}={value}" for name, value in settings.items()]
        return sweep(compose_config("model=hair_classifier", "sweep=classifier", *options))

    return run


def test_a_trial_that_diverges_or_measures_nothing_fails_and_the_study_continues(trials, tmp_path):
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
    study = trials([0.0, 0.0, 0.9, 0.8], **{"sweep.trials": 3})  # the same command again runs the missing trials
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.FAIL] + [TrialState.COMPLETE] * 2
    assert study.best_value == 0.9


@pytest.mark.parametrize("started", ["trainer.devices", "torchrun"])
def test_several_processes_per_trial_are_refused(started, trials, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2" if started == "torchrun" else "1")
    with pytest.raises(ValueError, match="several processes per trial would start the whole sweep in each of them"):
        trials([0.5], **({} if started == "torchrun" else {"trainer.devices": 2}))


def test_an_error_that_all_trials_would_have_ends_the_worker(trials):
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
def test_a_study_is_continued_only_with_its_own_plan(name, value, trials):
    trials([0.5])
    with pytest.raises(ValueError, match=rf"begun with other settings \({name} was .*sweep.study=NAME"):
        trials([0.5, 0.6], **{name: value})
    assert len(trials([0.5, 0.6]).trials) == 2


def test_settings_for_one_run_are_refused(trials):
    with pytest.raises(ValueError, match="run_dir is for a single run"):
        trials([0.5], run_dir="x")


@pytest.fixture
def grid(monkeypatch, compose_config):
    """Runs a sweep over four combinations, with errors planned by trial number; returns how often each finished."""

    def run(plan: dict[int, BaseException] | None = None) -> list[int]:
        def train(cfg: DictConfig, callbacks: list[TrialReport]) -> dict[str, float]:
            if error := (plan or {}).get(callbacks[0].trial.number):
                raise error
            callbacks[0].value = 0.5
            return {}

        monkeypatch.setattr("lightning_modules.sweeps.search.train", train)
        cfg = compose_config("sweep=grid", "sweep.metric=g_latent/loss", "sweep.study=grid")
        with open_dict(cfg):
            cfg.sweep.space = {"model.lambda_ds": [1.0, 2.0], "model.lambda_reg": [0.5, 1.0]}
        study = sweep(cfg)
        return sorted(Counter(str(t.params) for t in study.trials if t.state in FINISHED).values())

    return run


def test_a_grid_tries_each_combination_once_even_after_a_stop(grid):
    with pytest.raises(StoppedBySignal):
        grid({1: StoppedBySignal("SIGTERM")})
    with pytest.raises(SystemExit) as stopped:
        grid({3: KeyboardInterrupt()})
    assert stopped.value.code == 130
    assert grid() == [1, 1, 1, 1]
    assert grid() == [1, 1, 1, 1]  # all trials are finished


def test_settings_that_do_not_fit_each_other_cost_one_trial(monkeypatch, compose_config):
    monkeypatch.setattr(
        "lightning_modules.sweeps.search.train", lambda cfg, callbacks: setattr(callbacks[0], "value", 0.5)
    )
    options = ["sweep.sampler=grid", "sweep.trials=null", "batch_size=16"]
    cfg = compose_config("model=hair_classifier", "sweep=classifier", *options)
    with open_dict(cfg):
        cfg.sweep.space = {"batch_size": [8, 16], "accumulate": [1, 16]}
    study = sweep(cfg)
    refused = [trial.params for trial in study.trials if trial.user_attrs.get("how") == "refused"]
    assert refused == [{"batch_size": 8, "accumulate": 16}] and len(study.trials) == 4


def test_a_value_that_is_not_finite_is_no_value(trials):
    study = trials([0.5, float("inf"), float("-inf")])
    assert [trial.user_attrs.get("how") for trial in study.trials] == [None, "no value", "no value"]


def test_an_error_is_printed_once_and_without_a_traceback(trials, capfd):
    with pytest.raises(ValueError, match="no such folder"):
        trials([0.5, ValueError("no such folder")])
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err and "[I " not in printed.err and "trial 0 finished with 0.5" in printed.out


def test_an_incomplete_line_is_removed_from_the_journal(trials, tmp_path):
    trials([0.5, 0.6])
    journal = tmp_path / "outputs" / "sweeps" / "planned" / "study.journal"
    journal.write_bytes(journal.read_bytes() + b'{"op_code":5,"worker')
    assert [trial.value for trial in trials([0.5, 0.6, 0.7]).trials] == [0.5, 0.6, 0.7]


@pytest.mark.parametrize("damage", [b"[]\n", b"\n", b"\xff\xfe\x00\n", b'{"a": 1}\n', b'{"op_co\n'])
def test_a_damaged_journal_is_refused_and_unchanged(damage, trials, tmp_path):
    trials([0.5])
    journal = tmp_path / "outputs" / "sweeps" / "planned" / "study.journal"
    journal.write_bytes(content := journal.read_bytes() + damage)
    with pytest.raises(ValueError, match=r"study.journal is damaged in line \d+: .*sweep.study=NAME"):
        trials([0.5, 0.6])
    assert journal.read_bytes() == content
