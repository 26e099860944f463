"""Checks before the first step of a run."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from hairgan.networks.fan import FANMasks
from hairgan.networks.region_masks import region_masks
from lightning_modules.launch import settings
from lightning_modules.launch.checks import check_machine, check_masks, check_schedule, masks_setting
from lightning_modules.launch.components import build_callbacks, build_data_and_module
from tests.integration.conftest import SMALL


@pytest.mark.parametrize("schedule", [lambda: 1.0, lambda step: None, lambda step: "text"])
def test_a_schedule_that_returns_no_number_is_refused(schedule: Any) -> None:
    module: Any = SimpleNamespace(schedule=schedule)
    with pytest.raises(ValueError, match=r"model\.schedule\._target_=x\.y does not return a number for a step"):
        check_schedule(OmegaConf.create({"model": {"schedule": {"_target_": "x.y"}}}), module)


@pytest.mark.parametrize("schedule", [None, lambda step: 1, lambda step: 0.5])
def test_a_schedule_that_returns_a_number_is_accepted(schedule: Any) -> None:
    check_schedule(OmegaConf.create(), SimpleNamespace(schedule=schedule))  # type: ignore[arg-type]


def test_values_set_from_the_data_cannot_be_overridden(compose_config: Any) -> None:
    cfg = compose_config("model=stargan", "model.domain_names=null")
    cfg.domain_names, cfg.num_domains = ["a", "b"], 2
    with pytest.raises(ValueError, match=r"model\.domain_names is set from the data"):
        settings.check_derived(cfg)


def test_several_nodes_without_a_launcher_are_refused(compose_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = compose_config("trainer.num_nodes=2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(ValueError, match=r"trainer\.num_nodes=2 needs processes on other machines"):
        check_machine(cfg)
    monkeypatch.setenv("MASTER_ADDR", "node1")
    check_machine(cfg)


def test_classes_of_another_kind_are_refused(compose_config: Any) -> None:
    with pytest.raises(ValueError, match=r"trainer\._target_ must be pytorch_lightning\.Trainer"):
        check_machine(compose_config("trainer._target_=builtins.dict"))
    with pytest.raises(ValueError, match=r"callbacks\.a\._target_=builtins\.dict is not a Callback"):
        build_callbacks(
            compose_config("callbacks=none", "+callbacks.a._target_=builtins.dict", "++callbacks.enabled=true")
        )


@pytest.mark.parametrize(
    "masks",
    [os.getcwd, max, os.path.join, torch.matmul, torch.mul, {}, torch.nn.Identity(), lambda images, labels: (1, 2),
     lambda images: (images, images)],
)  # fmt: skip
def test_a_function_that_makes_no_masks_is_refused(masks: Any) -> None:
    model = OmegaConf.create({"masks": {"_target_": "hydra.utils.get_method", "path": "x.y"}})
    with pytest.raises(ValueError, match=r"^model\.masks\.path=x\.y (is not a function from|must give two masks)"):
        check_masks(masks, masks_setting(model), 32)


def on_a_gpu(images: Any, labels: Any) -> Any:
    raise RuntimeError("Expected all tensors to be on the same device")


@pytest.mark.parametrize("masks", [None, region_masks, on_a_gpu, lambda images, _: (images[:, :1], images[:, 1:2])])
def test_a_function_that_makes_masks_is_accepted(masks: Any) -> None:
    before = torch.random.get_rng_state()
    check_masks(masks, "model.masks", 32)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_network_that_makes_masks_is_accepted_without_a_call() -> None:
    check_masks(FANMasks.__new__(FANMasks), "model.masks", 32)


def test_masks_are_checked_before_the_first_step(packed_faces: Any, compose_config: Any) -> None:
    small = ["data=celeba_hq", f"data.root={packed_faces(32)}", "image_size=32", "batch_size=4", *SMALL["stargan"]]
    message = r"^model\.masks\.path=os\.getcwd is not a function from images and label maps"
    with pytest.raises(ValueError, match=message):
        build_data_and_module(compose_config(*small, "model.masks.path=os.getcwd"))
