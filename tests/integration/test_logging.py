"""Where the logged values go."""

from __future__ import annotations

import importlib.util

import pytest
import wandb
from hydra.errors import InstantiationException

from lightning_modules.launch.errors import one_sentence
from tests.integration import runs
from tests.integration.runs import logged
from train import train

EVERYWHERE = "logger=[csv,tensorboard,wandb]"


@pytest.mark.slow
def test_all_loggers_at_once_and_a_resumed_run_continues_them(settings, compose_config, tmp_path):
    run = tmp_path / "run"
    train(compose_config(*settings("hair_classifier", steps=2, run_dir=run), EVERYWHERE))
    assert wandb.run is None  # finished: another one of this process is not logged into it
    more = runs.start([f"resume={run}", "steps=4"], tmp_path / "log")
    more.join(300)
    assert more.exitcode == 0, runs.log_of(tmp_path / "log")[-3000:]
    assert [row["step"] for row in logged(run)] == [1, 2, 3, 4]
    sessions = [path.name.split("-") for path in (run / "wandb").glob("offline-run-*")]  # offline-run-TIME-ID
    assert len(sessions) == 2 and len({session[-1] for session in sessions}) == 1
    assert len(list((run / "tensorboard").glob("events.*"))) == 2


def test_tensorboard_that_is_not_installed_is_said_so(settings, compose_config, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InstantiationException) as error:
        train(compose_config(*settings("hair_classifier", run_dir=tmp_path / "run"), "logger=[tensorboard]"))
    assert one_sentence(error.value) == (
        "logger=tensorboard needs the package tensorboard: pip install 'hairgan[tensorboard]'"
    )
