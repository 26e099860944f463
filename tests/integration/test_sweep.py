from __future__ import annotations

import pytest

pytest.importorskip("optuna")

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
