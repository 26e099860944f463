from __future__ import annotations

import pytest
import wandb
from omegaconf import open_dict
from wandb.errors import CommError

from lightning_modules.callbacks.tracking import flat, readable_name
from lightning_modules.launch.components import build_loggers
from lightning_modules.loggers import QuietWandbLogger


def test_runs_have_names_that_differ(tmp_path):
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


def test_a_config_is_told_flat():
    assert flat({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None, "f": {}}) == {"a/b/c": 1, "a/d": [1, 2], "e": None}


def test_online_without_a_key_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    wandb.teardown()  # it keeps the settings of its first use
    try:
        with pytest.raises(ValueError, match=r"logger\.mode=online needs an API key of Weights & Biases: run `wandb"):
            QuietWandbLogger(mode="online")
        monkeypatch.setenv("WANDB_API_KEY", "short")
        wandb.teardown()
        with pytest.raises(ValueError, match="the API key of Weights & Biases is not valid: "):
            QuietWandbLogger(mode="online")
        monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
        wandb.teardown()
        QuietWandbLogger(mode="online")
    finally:
        monkeypatch.undo()
        wandb.teardown()


def test_a_service_that_does_not_answer_is_a_sentence(monkeypatch, tmp_path):
    def init(**_: object) -> None:
        raise CommError("Run initialization has timed out after 90.0 sec.")

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    with pytest.raises(
        ValueError, match=r"Weights & Biases did not take the run \(Run init.* logger.mode=offline needs"
    ):
        QuietWandbLogger(mode="online", save_dir=tmp_path).experiment  # noqa: B018


def test_a_run_from_before_there_were_names_gets_one(tmp_path, compose_config):
    cfg = compose_config("logger=wandb", f"run_dir={tmp_path / 'mine'}", "logger.mode=disabled")
    with open_dict(cfg):
        for setting in ("run_name", "group", "tags", "notes"):
            del cfg[setting]
    (logger,) = build_loggers(cfg)
    assert logger.name == "hairgan" and cfg.logger.wandb.name == "stargan-mine" and cfg.logger.wandb.id
