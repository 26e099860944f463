"""A few steps of each model on small data, with the real config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from hairgan.curves import read_curves
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.sharding import write_shards
from hairgan.weights.mean_styles import file_name
from hairgan.weights.runs import find_checkpoint, read_checkpoint
from lightning_modules.launch.evaluation import evaluate
from lightning_modules.launch.settings import logged_values
from lightning_modules.launch.training import train
from tests.conftest import ROOT
from tests.integration.conftest import SMALL
from tests.integration.runs import assert_same_run


def evaluation_config(run: Path, tmp_path: Path) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("evaluate", [f"run={run}", f"out={tmp_path / 'evaluation'}", "num_outputs=2", "max_sources=4"])


def assert_names_are_known(model: str, cfg: DictConfig, logged: set[str]) -> None:
    """Assert that a run logs the names in `logged_values`, by which monitors and sweeps are checked."""
    values = OmegaConf.to_container(cfg.callbacks, resolve=True)
    callbacks = {name: value for name, value in values.items() if value}
    known = {*logged_values.losses(model, cfg.model), *logged_values.measured(model, callbacks, validates=True)} - {
        "g/perceptual"
    }
    logged = {name for name in logged if name != "step" and not name.startswith(("throughput/", "metrics/seconds"))}
    assert logged == known


@pytest.mark.parametrize("model", SMALL)
def test_a_run_writes_curves_samples_checkpoints_and_a_record(model, settings, compose_config, tmp_path):
    cfg = compose_config(*settings(model, run_dir=tmp_path / "run"))
    metrics = train(cfg)
    run = tmp_path / "run"
    assert all(value == value for name, value in metrics.items() if "iou/" not in name and "f1/" not in name)
    rows = read_curves(run / "metrics.csv")
    assert_names_are_known(model, cfg, set(metrics).union(*rows))
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert sorted(p.name for p in (run / "samples").glob("*.png"))[-1].endswith("_00000004.png")
    assert (run / "curves.png").stat().st_size > 1000
    assert find_checkpoint(run).name == "step_00000004.ckpt"
    assert (run / "checkpoints" / "best.ckpt").exists() == (model != "stargan"), "the model's own monitor decides"
    assert not list(run.rglob("*.partial"))
    saved = [find_checkpoint(run, "last"), *([find_checkpoint(run, "best")] if model == "sean" else [])]
    styles = {run / "checkpoints" / file_name(read_checkpoint(path)[1]) for path in saved} if model == "sean" else set()
    assert set((run / "checkpoints").glob("mean_styles_*")) == styles
    record = yaml.safe_load((run / "run.yaml").read_text())[0]
    assert record["seed"] == 777 and record["dataset"]["counts"]["train"]["all"] == 108
    assert yaml.safe_load((run / "config.yaml").read_text())["num_domains"] == (2 if model == "stargan" else 7)

    values = evaluate(evaluation_config(run, tmp_path))
    (measured,) = values.values()
    assert measured and (tmp_path / "evaluation" / "report.html").stat().st_size > 10_000
    stored = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    assert stored["step"] == 4 and set(stored["values"]) == set(measured)


@pytest.mark.parametrize("model", SMALL)
def test_a_resumed_run_equals_an_uninterrupted_one(model, settings, compose_config, tmp_path, stop_after_three_steps):
    train(compose_config(*settings(model, run_dir=tmp_path / "whole")))

    with stop_after_three_steps():
        train(compose_config(*settings(model, run_dir=tmp_path / "halves")))
    assert find_checkpoint(tmp_path / "halves").name == "step_00000003.ckpt"
    train(compose_config(*settings(model, resume=tmp_path / "halves")))

    assert_same_run(tmp_path / "whole", tmp_path / "halves")


@pytest.mark.parametrize("option", ["model.phases=fused", "model.half_resolution_steps=3", "model.reg_every=3"])
def test_a_resumed_run_with_other_mathematics_equals_an_uninterrupted_one(
    option, settings, compose_config, tmp_path, stop_after_three_steps
):
    train(compose_config(*settings("stargan", run_dir=tmp_path / "whole"), option))
    with stop_after_three_steps():
        train(compose_config(*settings("stargan", run_dir=tmp_path / "halves"), option))
    train(compose_config(*settings("stargan", resume=tmp_path / "halves")))
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    logged = {name for row in read_curves(tmp_path / "whole" / "metrics.csv") for name in row}
    assert ("d_both/loss" in logged) == (option == "model.phases=fused") != ("d_latent/loss" in logged)


def test_a_streamed_run_that_resumes_equals_a_packed_one(
    settings, compose_config, packed_faces, tmp_path, stop_after_three_steps
):
    shards = tmp_path / "shards"
    write_shards(PackedDataset.open(packed_faces(32)), str(shards), per_shard=16, progress=False)
    packed = settings("stargan")
    train(compose_config(*packed, f"run_dir={tmp_path / 'packed'}"))

    streamed = [*(value for value in packed if not value.startswith("data")), "data=streaming", f"data.root={shards}"]
    streamed += ["data/domains=gender2", "data.num_workers=2", f"run_dir={tmp_path / 'streamed'}"]
    with stop_after_three_steps():
        train(compose_config(*streamed))
    train(compose_config(*streamed[:-1], f"resume={tmp_path / 'streamed'}"))

    assert_same_run(tmp_path / "packed", tmp_path / "streamed")
