"""A network, a callback and a metric defined by the user, from training to evaluation and the salon."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner
from hydra import compose, initialize_config_dir

from hairgan.cli import cli
from hairgan.editing.salon import Salon
from hairgan.metrics.definitions import DEFINITIONS
from hairgan.networks.face_parser import BiSeNet
from hairgan.weights import load_bundle, save_bundle, trusting
from lightning_modules.launch import choice
from lightning_modules.launch.evaluation import evaluate
from lightning_modules.launch.training import train
from tests.conftest import ROOT
from tests.integration import runs
from tests.unit.docs.examples import example

MODULE = (
    example("extending.md", "my_net.py")
    + """
import pytorch_lightning as pl

class Incomplete(nn.Linear):
    def __init__(self, **arguments):
        super().__init__(3, 3)

class MyCallback(pl.Callback):
    def on_train_end(self, trainer, pl_module):
        print("my callback was here")
"""
)
OWN = ["model.generator._target_=my_parts.MyGenerator", "+model.generator.flavor=0.25"]
OWN += ["model.generator.base_width=4", "model.generator.max_width=8", "model.generator.w_hpf=0.0"]
OWN += ["model.mapping_network.hidden_dim=8", "callbacks.generative_metrics=null"]
OWN += ["data/domains=gender2", "+callbacks.mine._target_=my_parts.MyCallback"]
ARGUMENTS = {"image_size": 32, "style_dim": 64, "max_width": 8, "base_width": 4, "w_hpf": 0.0, "flavor": 0.25}


@pytest.fixture(autouse=True)
def my_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "my_parts.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with trusting(None):
        yield


@pytest.fixture
def own_settings(packed_faces, tmp_path: Path) -> list[str]:
    every = [f"{what}.every_n_steps=2" for what in ("callbacks.checkpoints", "callbacks.sample_grids")]
    data = ["data=celeba_hq", f"data.root={packed_faces(32)}", "image_size=32", "steps=2", "batch_size=4"]
    return ["model=stargan", *data, *every, *OWN, f"run_dir={tmp_path / 'run'}"]


def evaluation_config(run: Path, out: Path, *overrides: str):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("evaluate", [f"run={run}", f"out={out}", "max_sources=2", "metrics=[fid]", *overrides])


def test_own_parts_are_trained_evaluated_bundled_and_used_in_the_salon(own_settings, compose_config, tmp_path, capsys):
    train(compose_config(*own_settings))
    assert "my callback was here" in capsys.readouterr().out
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    node = yaml.safe_load((run / "config.yaml").read_text())["model"]["generator"]
    assert node == {"_target_": "my_parts.MyGenerator", **ARGUMENTS}

    with pytest.raises(ValueError, match=r"model\.generator names my_parts\.MyGenerator, .*trust=my_parts"):
        evaluate(evaluation_config(run, tmp_path / "report"))
    with pytest.raises(ValueError, match="--trust my_parts"):
        CliRunner().invoke(cli, ["bundle", str(run), "--out", str(bundle)], catch_exceptions=False)
    with trusting(None):
        values = evaluate(evaluation_config(run, tmp_path / "report", "trust=my_parts"))
    assert "latent/fid_embedded" in str(values)
    command = ["bundle", str(run), "--out", str(bundle), "--trust", "my_parts"]
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert result.exit_code == 0 and "stargan_generator" in result.output
    card = yaml.safe_load((bundle / "card.yaml").read_text())
    assert card["parts"]["stargan_generator"]["class"] == "my_parts:MyGenerator"
    assert card["parts"]["stargan_generator"]["config"] == ARGUMENTS

    save_bundle(tmp_path / "parser", {"parser": BiSeNet(base_width=4, image_size=32)})
    salon = Salon.from_run(bundle, tmp_path / "parser")
    head = salon.restyler.generator(torch.zeros(1, 3, 32, 32), torch.zeros(1, 64))
    assert head.shape == (1, 3, 32, 32)


def test_a_run_with_own_parts_is_resumed_only_if_they_are_trusted(own_settings, compose_config, tmp_path):
    train(compose_config(*own_settings))
    resume = ["steps=4", f"resume={tmp_path / 'run'}"]
    with pytest.raises(ValueError, match=r"names my_parts\.(MyGenerator|MyCallback) as .*trust=my_parts"):
        choice.choose_run(compose_config(*resume))
    with pytest.raises(ValueError, match=r"names my_parts\.MyCallback as callbacks\.mine"):
        choice.choose_run(compose_config(*resume, "model.generator._target_=my_parts.MyGenerator"))
    typed = [setting for setting in own_settings if not setting.startswith(("steps", "run_dir"))]
    assert choice.choose_run(compose_config(*typed, *resume)).run == tmp_path / "run"
    with trusting(None):
        assert choice.choose_run(compose_config(*resume, "trust=my_parts")).run == tmp_path / "run"
    with pytest.raises(ValueError, match="names my_parts"):
        choice.choose_run(compose_config("trust=yaml", *resume))


def test_a_network_without_needed_attributes_is_refused(own_settings, compose_config, tmp_path):
    settings = [*own_settings, "model.generator._target_=my_parts.Incomplete"]
    with pytest.raises(Exception, match="lacks what StarGANv2Module calls: image_size, style_dim, w_hpf") as error:
        train(compose_config(*settings))
    assert isinstance(error.value.__cause__ or error.value, ValueError)
    assert not list((tmp_path / "run").rglob("*.ckpt"))


def test_a_bundle_is_refused_if_it_could_not_be_loaded(tmp_path):
    import my_parts

    mine = my_parts.MyGenerator(**ARGUMENTS)
    with trusting("my_parts"):
        mine.config |= {"unknown": 0.5}
        with pytest.raises(ValueError, match=r"'stargan_generator' does not fit its card: .* cannot be made"):
            save_bundle(tmp_path / "b", {"stargan_generator": mine})
        mine.config = ARGUMENTS
        save_bundle(tmp_path / "b", {"stargan_generator": mine})
        assert type(load_bundle(tmp_path / "b").networks["stargan_generator"]) is my_parts.MyGenerator
    with pytest.raises(ValueError, match=r"names my_parts\.MyGenerator, which is not a network of hairgan"):
        load_bundle(tmp_path / "b")
    del mine.config
    with trusting("my_parts"), pytest.raises(ValueError, match="has no attribute 'config', a dict of its constructor"):
        save_bundle(tmp_path / "c", {"stargan_generator": mine})


def test_the_metric_of_the_docs_is_logged_monitored_and_reported(
    settings, compose_config, tmp_path, monkeypatch, capsys
):
    """The example of docs/extending.md, as it is written there."""
    section = (ROOT / "docs/extending.md").read_text().split("## A metric\n")[1].split("\n## ")[0]
    file, *_ = re.findall(r"^    # my_metrics.py.*?(?=^    python )", section, re.MULTILINE | re.DOTALL)
    assert len(file.splitlines()) <= 40
    (tmp_path / "my_metrics.py").write_text(textwrap.dedent(file))
    name = "my_metrics.HairBrightness"
    metrics = f"metrics:[reconstruction,{name}],every_n_steps:1,max_sources:4,batch_size:4,cache:${{paths.cache}}"
    callback = [f"callbacks.edit_metrics={{_target_:lightning_modules.callbacks.Evaluate,{metrics}}}"]
    own = [*settings("sean", steps=1, run_dir=tmp_path / "run"), *callback]
    with pytest.raises(ValueError, match=r"'metrics/hair_darkness', which this run does not measure.*hair_brightness"):
        train(compose_config(*own, "callbacks.checkpoints.monitor=metrics/hair_darkness"))
    best = [f"callbacks.checkpoints.{setting}" for setting in ("monitor=metrics/hair_brightness", "every_n_steps=1")]
    train(compose_config(*own, *best))
    (row,) = runs.logged(tmp_path / "run")
    assert 0 < row["metrics/hair_brightness"] < 1
    assert DEFINITIONS["hair_brightness"].text == "Mean brightness of the hair of edits, 0 to 1"

    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        overrides = [f"run={tmp_path / 'run'}", f"out={tmp_path / 'report'}", "max_sources=4", "batch_size=4"]
        evaluate(compose("evaluate", [*overrides, f"metrics=[{name}]", "checkpoint=best"]))
    result = json.loads((tmp_path / "report/metrics.json").read_text())
    assert result["values"] == {"hair_brightness": pytest.approx(row["metrics/hair_brightness"], rel=1e-4)}
    assert result["own_metrics"] == [name]
    page = (tmp_path / "report/report.html").read_text()
    assert DEFINITIONS["hair_brightness"].text in page and "Best by hair_brightness" in page
    assert "HairBrightness\n" in capsys.readouterr().out

    resume = ["steps=2", f"resume={tmp_path / 'run'}"]
    with pytest.raises(ValueError, match=rf"names the metric {name} as callbacks\.edit_metrics\.metrics.* trust=my_m"):
        choice.choose_run(compose_config(*resume))
    typed = [setting for setting in own if not setting.startswith(("steps", "run_dir"))]
    assert choice.choose_run(compose_config(*typed, *resume)).run == tmp_path / "run"
