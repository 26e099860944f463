"""The trackers: tags, keys and errors."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wandb
from wandb.errors import CommError

from lightning_modules.loggers import Comet, MLFlow, QuietWandbLogger


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


def test_comet_writes_offline_and_keeps_the_archive_of_an_earlier_part(monkeypatch, tmp_path):
    """With the part of comet_ml that Lightning uses; the real one looks for its service even when offline."""
    asked: list[dict[str, Any]] = []

    class Experiment:
        def get_key(self) -> str:
            return asked[-1]["experiment_key"]

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments, **options: asked.append({name: arguments})

    def start(**options: Any) -> Experiment:
        asked.append(options)
        return Experiment()

    fake = ModuleType("comet_ml")
    fake.ExperimentConfig = lambda **options: options  # type: ignore[attr-defined]
    fake.start = start  # type: ignore[attr-defined]
    fake.get_config = lambda name: None  # type: ignore[attr-defined]
    fake.__spec__ = ModuleSpec("comet_ml", None)
    monkeypatch.setitem(sys.modules, "comet_ml", fake)
    monkeypatch.setattr("pytorch_lightning.loggers.comet._COMET_AVAILABLE", True)

    for folder in ("comet", "comet_2"):
        logger = Comet("offline", "k" * 32, ["a"], "a note", str(tmp_path / "comet"), project="hairgan")
        started = next(options for options in asked if "experiment_key" in options)
        assert started["experiment_key"] == "k" * 32 and started["online"] is False
        config = started["experiment_config"]
        assert config["offline_directory"] == str(tmp_path / folder) and "disabled" not in config
        assert {"log_other": ("notes", "a note")} in asked
        logger.log_summary({"steps_done": 2}, {"best/val/x": 0.5})
        assert {"log_others": ({"best/val/x": 0.5},)} in asked
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "archive.zip").touch()
        asked.clear()
    with pytest.raises(ValueError, match=r"logger\.comet\.mode=online needs an API key of Comet: run `comet login`"):
        Comet("online", "k" * 32)


@pytest.mark.parametrize(
    ("logger", "extra"), [(lambda: MLFlow("id", "."), "mlflow"), (lambda: Comet("offline", "k" * 32), "comet")]
)
def test_missing_packages_are_reported_with_the_command_that_installs_them(logger, extra, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=rf"logger={extra} needs another package: pip install -e '\.\[{extra}\]'"):
        logger()
