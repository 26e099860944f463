"""What is checked before the first step of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf

from lightning_modules.launch import settings
from lightning_modules.launch.checks import check, check_schedule
from lightning_modules.launch.parts import make_callbacks


@pytest.mark.parametrize("schedule", [lambda: 1.0, lambda step: None, lambda step: "text"])
def test_a_schedule_that_gives_no_number(schedule: Any) -> None:
    module: Any = SimpleNamespace(schedule=schedule)
    with pytest.raises(ValueError, match=r"model\.schedule\._target_=x\.y does not give a number for a step"):
        check_schedule(OmegaConf.create({"model": {"schedule": {"_target_": "x.y"}}}), module)


@pytest.mark.parametrize("schedule", [None, lambda step: 1, lambda step: 0.5])
def test_a_schedule_that_does(schedule: Any) -> None:
    check_schedule(OmegaConf.create(), SimpleNamespace(schedule=schedule))  # type: ignore[arg-type]


def test_what_the_data_says_is_not_for_the_command_line(compose_config: Any) -> None:
    cfg = compose_config("model=stargan", "model.domain_names=null")
    cfg.domain_names, cfg.num_domains = ["a", "b"], 2
    with pytest.raises(ValueError, match=r"model\.domain_names is filled in once the data is known"):
        settings.check_filled_in(cfg)


def test_machines_that_nothing_starts_are_not_waited_for(compose_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = compose_config("trainer.num_nodes=2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(ValueError, match=r"trainer\.num_nodes=2 waits for processes of other machines"):
        check(cfg)
    monkeypatch.setenv("MASTER_ADDR", "node1")
    check(cfg)


def test_parts_of_another_kind(compose_config: Any) -> None:
    with pytest.raises(ValueError, match=r"trainer\._target_ must be pytorch_lightning\.Trainer"):
        check(compose_config("trainer._target_=builtins.dict"))
    with pytest.raises(ValueError, match=r"callbacks\.a\._target_=builtins\.dict is not a Callback"):
        make_callbacks(
            compose_config("callbacks=none", "+callbacks.a._target_=builtins.dict", "++callbacks.enabled=true")
        )
