"""What a user gets wrong is told in one sentence."""

from __future__ import annotations

import os

import pytest
import torch
from hydra.errors import HydraException
from hydra.utils import instantiate

from lightning_modules.launch.errors import errors_as_sentences, one_sentence


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model=stargann", "there is no model 'stargann' (did you mean 'stargan'?); there are face_parser, "),
        ("stepz=3", "there is no setting 'stepz' (did you mean 'steps'?); "),
        ("model.lambda_cycle=3", "there is no setting 'model.lambda_cycle' (did you mean 'lambda_cyc'?); "),
        ("steps", "'steps' is not of the form NAME=VALUE"),
    ],
)
def test_mistyped_overrides(override, sentence, compose_config):
    with pytest.raises(HydraException) as raised:
        compose_config(override)
    told = one_sentence(raised.value)
    assert told is not None and sentence in told and "\n" not in told


def test_what_a_constructor_raises(compose_config):
    cfg = compose_config("model.generator.base_width=-3", "image_size=64")
    with pytest.raises(HydraException) as raised:
        instantiate(cfg.model.generator)
    told = one_sentence(raised.value)
    assert told is not None and "hairgan.networks.stargan.Generator" in told and "\n" not in told


def test_bugs_keep_their_trace():
    assert one_sentence(RuntimeError("bug")) is None
    assert one_sentence(OSError(13, "Permission denied", "out")) == "Permission denied: out"


@pytest.mark.parametrize(("asked", "ends"), [("0", SystemExit), ("1", ValueError)])
def test_a_trace_is_shown_where_it_is_asked_for(asked, ends, monkeypatch):
    others = {name: value for name, value in os.environ.items() if name != "HAIRGAN_FULL_ERROR"}
    monkeypatch.setattr(os, "environ", others | {"HYDRA_FULL_ERROR": asked})
    with pytest.raises(ends, match="such thing") as raised, errors_as_sentences("train.py"):
        raise ValueError("no\nsuch thing")
    if ends is SystemExit:
        assert raised.value.args == ("train.py: no such thing",)


def test_a_batch_too_small_for_its_normalisation():
    with pytest.raises(ValueError, match="Expected more than 1 value") as raised:
        torch.nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
    assert "raise batch_size" in str(one_sentence(raised.value))


def test_a_loader_process_that_is_gone():
    sentence = one_sentence(RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. "))
    assert sentence is not None and "is killed by signal: Killed.): memory ran out" in sentence
