"""Errors that a user can cause are printed as one sentence."""

from __future__ import annotations

import os
from contextlib import nullcontext

import pytest
import torch
from hydra.errors import HydraException
from hydra.utils import instantiate

from lightning_modules.launch.errors import errors_as_sentences, one_sentence


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model=stargann", "there is no model 'stargann' (did you mean 'stargan'?); choose from face_parser, "),
        ("stepz=3", "there is no setting 'stepz' (did you mean 'steps'?); "),
        ("lambda_ds=3", "there is no setting 'lambda_ds' (did you mean 'model.lambda_ds'?); "),
        ("lamda_ds=3", "there is no setting 'lamda_ds' (did you mean 'model.lambda_ds'?); "),
        ("generator.w_hpf=3", "there is no setting 'generator' (did you mean 'model.generator.w_hpf'?); "),
        ("trainer.steps=3", "there is no setting 'trainer.steps' (did you mean 'steps'?); "),
        ("callbacks.every_n_steps=3", "there is no setting 'callbacks.every_n_steps' (did you mean 'callbacks.che"),
        ("experimnt=quickstart", "there is no setting 'experimnt' (did you mean 'experiment'?); "),
        ("nothing=3", "there is no setting 'nothing'; "),
        ("model.lambda_cycle=3", "there is no setting 'model.lambda_cycle' (did you mean 'lambda_cyc'?); "),
        ("steps", "'steps' is not of the form NAME=VALUE"),
    ],
)
def test_a_mistyped_override_is_named_with_the_nearest_name(override, sentence, compose_config):
    with pytest.raises(HydraException) as raised:
        compose_config(override)
    message = one_sentence(raised.value)
    assert message is not None and sentence in message and "\n" not in message


def test_an_error_of_a_constructor_names_its_class(compose_config):
    cfg = compose_config("model.generator.base_width=-3", "image_size=64")
    with pytest.raises(HydraException) as raised:
        instantiate(cfg.model.generator)
    message = one_sentence(raised.value)
    assert message is not None and "hairgan.networks.stargan.Generator" in message and "\n" not in message


def test_bugs_keep_their_traceback():
    assert one_sentence(RuntimeError("bug")) is None
    assert one_sentence(OSError(13, "Permission denied", "out")) == "Permission denied: out"


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("value", "kind"), [("0", SystemExit), ("1", ValueError), (None, SystemExit)])
def test_an_error_keeps_its_traceback_only_with_hydra_full_error(value, kind, nested, monkeypatch):
    monkeypatch.delenv("HAIRGAN_FULL_ERROR", raising=False)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    if value is not None:
        monkeypatch.setenv("HYDRA_FULL_ERROR", value)
    outer = errors_as_sentences("train.py") if nested else nullcontext()
    with pytest.raises(kind) as raised, outer, errors_as_sentences("train.py"):
        assert os.environ["HYDRA_FULL_ERROR"] == "1"
        raise ValueError("no\nsuch thing")
    assert raised.value.args == (("train.py: no such thing",) if kind is SystemExit else ("no\nsuch thing",))
    assert os.environ.get("HYDRA_FULL_ERROR") == value and "HAIRGAN_FULL_ERROR" not in os.environ


def test_batch_norm_of_a_single_value_is_explained():
    with pytest.raises(ValueError, match="Expected more than 1 value") as raised:
        torch.nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
    assert "raise batch_size" in str(one_sentence(raised.value))


def test_a_killed_loader_process_is_explained():
    sentence = one_sentence(RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. "))
    assert sentence is not None and "is killed by signal: Killed.): memory ran out" in sentence


def test_ctrl_c_ends_a_program_with_a_sentence(capsys):
    with pytest.raises(SystemExit) as end, errors_as_sentences("train.py"), errors_as_sentences("train.py"):
        raise KeyboardInterrupt
    assert end.value.code == 130
    assert capsys.readouterr().err == "train.py: stopped by Ctrl-C\n"
