"""The real config, each model, a few steps on small data."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from hairgan.weights.runs import find_checkpoint
from lightning_modules.callbacks import checkpoints
from lightning_modules.loggers import read_curves
from train import train

SMALL: dict[str, list[str]] = {
    "stargan": ["model.generator.base_width=8", "model.generator.max_width=16", "model.mapping_network.hidden_dim=16"],
    "sean": [
        "model.generator.width=4",
        "model.generator.style_dim=8",
        "model.discriminator.width=8",
        "model.perceptual=null",
        "validate_every=2",
    ],
    "face_parser": ["model.parser.base_width=8", "model.schedule.warmup_steps=1", "validate_every=2"],
    "hair_classifier": ["model.classifier.base_width=8", "model.classifier.depth=18", "validate_every=2"],
}


@pytest.fixture
def settings(packed_faces, tmp_path: Path):
    def make(model: str, steps: int = 4, **more: Any) -> list[str]:
        run = ["data=celeba_hq", f"data.root={packed_faces(32)}", "image_size=32", f"steps={steps}", "batch_size=4"]
        every = [f"{what}.every_n_steps=2" for what in ("callbacks.checkpoints", "callbacks.sample_grids")]
        return [f"model={model}", *run, *every, "trainer.log_every_n_steps=1", *SMALL[model]] + [
            f"{name}={value}" for name, value in more.items()
        ]

    return make


@pytest.mark.parametrize("model", SMALL)
def test_a_run_leaves_everything_behind(model, settings, compose_config, tmp_path):
    metrics = train(compose_config(*settings(model, run_dir=tmp_path / "run")))
    run = tmp_path / "run"
    assert all(value == value for name, value in metrics.items() if "iou/" not in name and "f1/" not in name)
    rows = read_curves(run / "metrics.csv")
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert sorted(p.name for p in (run / "samples").glob("*.png"))[-1].endswith("_00000004.png")
    assert (run / "curves.png").stat().st_size > 1000
    assert find_checkpoint(run).name == "step_00000004.ckpt"
    assert not list(run.rglob("*.partial"))
    record = yaml.safe_load((run / "run.yaml").read_text())[0]
    assert record["seed"] == 777 and record["dataset"]["counts"]["train"]["all"] == 108
    assert yaml.safe_load((run / "config.yaml").read_text())["num_domains"] == 7


@pytest.mark.parametrize("model", SMALL)
def test_a_resumed_run_ends_as_if_it_had_never_stopped(model, settings, compose_config, tmp_path, monkeypatch):
    train(compose_config(*settings(model, run_dir=tmp_path / "whole")))

    def interrupt(self, trainer, module, *_, was=checkpoints.Checkpoints.on_train_batch_end):
        if module.steps_done == 3:
            signal.raise_signal(signal.SIGTERM)
        was(self, trainer, module)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoints, "on_train_batch_end", interrupt)
        try:
            train(compose_config(*settings(model, run_dir=tmp_path / "halves")))
        except BaseException as error:  # Lightning raises its own on SIGTERM
            assert type(error).__name__ == "SIGTERMException"
    assert find_checkpoint(tmp_path / "halves").name == "step_00000003.ckpt"
    train(compose_config(*settings(model, resume=tmp_path / "halves")))

    whole, halves = (torch.load(find_checkpoint(tmp_path / run), weights_only=True) for run in ("whole", "halves"))
    assert whole["steps_done"] == halves["steps_done"] == 4
    for name, value in whole["state_dict"].items():
        assert torch.equal(value, halves["state_dict"][name]), name
    assert_equal(whole["optimizer_states"], halves["optimizer_states"])
    rows = [
        [{k: v for k, v in row.items() if "throughput" not in k} for row in read_curves(tmp_path / run / "metrics.csv")]
        for run in ("whole", "halves")
    ]
    assert repr(rows[0]) == repr(rows[1])


def assert_equal(a: Any, b: Any) -> None:
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_equal(x, y)
    else:
        assert a == b
