"""The wandb logger: tags, keys and errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import wandb
from wandb.errors import CommError

from lightning_modules.loggers import QuietWandbLogger


def test_duplicate_tags_are_removed(tmp_path: Path) -> None:
    logger = QuietWandbLogger("disabled", ["b", "a", "b"], save_dir=str(tmp_path))
    assert logger._wandb_init["tags"] == ["b", "a"]


def test_online_mode_needs_a_valid_key(monkeypatch, tmp_path):
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


def test_a_service_that_does_not_answer_is_reported(monkeypatch, tmp_path):
    def init(**_: object) -> None:
        raise CommError("Run initialization has timed out after 90.0 sec.")

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    with pytest.raises(
        ValueError, match=r"Weights & Biases could not start the run \(Run init.* logger.mode=offline needs"
    ):
        QuietWandbLogger(mode="online", save_dir=tmp_path).experiment  # noqa: B018
