"""Facts and names of runs in trackers."""

from __future__ import annotations

from omegaconf import open_dict

from lightning_modules.callbacks.tracking import flat, readable_name
from lightning_modules.launch.components import build_loggers


def test_runs_have_different_readable_names(tmp_path):
    runs = [
        "2026-11-25_21-25-13",
        "2026-11-25_21-25-13_1",
        "2026-11-25_21-25-40",
        "2026-11-25_21-26-02",
        "job_7",
        "mine",
    ]
    for run in runs:
        (tmp_path / run).mkdir()
    assert [readable_name("quickstart", tmp_path / run) for run in runs] == [
        "quickstart-2026-11-25-2125", "quickstart-2026-11-25-2125-13_1", "quickstart-2026-11-25-2125-40",
        "quickstart-2026-11-25-2126", "quickstart-job_7", "quickstart-mine",
    ]  # fmt: skip
    assert readable_name("a", tmp_path / runs[0] / "3") == "a-2026-11-25-2125-job-3"


def test_a_nested_config_becomes_flat():
    assert flat({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None, "f": {}}) == {"a/b/c": 1, "a/d": [1, 2], "e": None}


def test_a_run_of_an_older_version_gets_a_name(tmp_path, compose_config):
    cfg = compose_config("logger=wandb", f"run_dir={tmp_path / 'mine'}", "logger.mode=disabled")
    with open_dict(cfg):
        for setting in ("run_name", "group", "tags", "notes"):
            del cfg[setting]
    (logger,) = build_loggers(cfg)
    assert logger.name == "hairgan" and cfg.logger.wandb.name == "stargan-mine" and cfg.logger.wandb.id
