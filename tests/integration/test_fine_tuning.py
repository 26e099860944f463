"""Runs that start from the weights of others: `init=SOURCE`."""

from __future__ import annotations

import copy
import re
import shlex
import shutil
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from omegaconf import DictConfig, open_dict

from hairgan.weights import collect, networks_from_run
from hairgan.weights.files import sha256
from hairgan.weights.runs import find_checkpoint
from lightning_modules.callbacks import checkpoints
from lightning_modules.callbacks.tracking import _in_lines, flat
from lightning_modules.launch import choice, record
from lightning_modules.launch.components import build_data_and_module
from lightning_modules.launch.training import train
from lightning_modules.stop_signals import StoppedBySignal
from tests.conftest import ROOT
from tests.integration import runs
from tests.integration.conftest import EXACT
from tests.integration.test_processes import assert_two_equal_one

SEVEN = ("bang", "no_bang", "long_straight", "long_perm", "bob", "short", "blond")


_sources: dict[str, Path] = {}


@pytest.fixture
def start(settings, compose_config, tmp_path_factory) -> Callable[[str], Path]:
    """Trains a small run of two steps, once for all tests, and gives its directory."""

    def make(model: str) -> Path:
        if model not in _sources:
            hair7 = {"data/domains": "hair7"} if model == "stargan" else {}
            run = tmp_path_factory.mktemp(model) / "source"
            train(compose_config(*settings(model, **{"steps": 2} | hair7, run_dir=run)))
            _sources[model] = run
        return _sources[model]

    return make


def with_eighth_domain(cfg: DictConfig) -> DictConfig:
    """The config with a domain that the source does not have, before the others."""
    with open_dict(cfg):
        cfg.data.domains.queries = {"curly": "hair_texture = 'perm'", **cfg.data.domains.queries}
    return cfg


@torch.no_grad()
def seven_domains(networks: Any, names: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Style codes, painted heads and scores of StarGAN v2 for fixed images and codes, in each of the seven domains."""
    random = torch.Generator().manual_seed(3)
    images, codes = torch.rand(2, 3, 32, 32, generator=random), torch.randn(2, 16, generator=random)
    found = {}
    for name in SEVEN:
        domain = torch.full((2,), names.index(name))
        styles = {
            "latent": networks["mapping_network"](codes, domain),
            "image": networks["style_encoder"](images, domain),
        }
        for kind, style in styles.items():
            found[f"{name} {kind}"] = style
            found[f"{name} {kind} head"] = networks["generator"](images, style)
        if "discriminator" in networks:
            found[f"{name} score"] = networks["discriminator"](images, domain)
    return found


def test_an_eighth_domain_keeps_the_seven(start, settings, compose_config, tmp_path, capsys):
    source = start("stargan")
    more = {"data/domains": "hair7", "init.source": source}
    _, module = build_data_and_module(with_eighth_domain(compose_config(*settings("stargan", **more))))
    names = tuple(module.domain_names)
    assert names == ("curly", *SEVEN)
    for averaged in (False, True):
        old = seven_domains(networks_from_run(source, averaged=averaged)[0], SEVEN)
        networks = {name: module.averaged(name) if averaged else module.networks[name] for name in module.networks}
        new = seven_domains(networks, names)
        assert old.keys() == new.keys()
        for name, value in old.items():
            torch.testing.assert_close(new[name], value, rtol=1e-5, atol=1e-6, msg=f"{name}, averaged: {averaged}")
    made = [row["note"] for row in module.start["weights"] if row["action"] == "resized"]
    assert len(made) == 3 and all("curly is new: it starts from the mean of bang, no_bang, " in note for note in made)


def interrupt_after_three_steps(self, trainer, module, *_, original=checkpoints.Checkpoints.on_train_batch_end):
    if module.steps_done == 3:
        signal.raise_signal(signal.SIGTERM)
    original(self, trainer, module)


def test_a_run_from_weights_is_recorded_continued_and_bundled(
    start, settings, compose_config, tmp_path, capsys, monkeypatch
):
    source = Path(shutil.copytree(start("stargan"), tmp_path / "source"))
    options = {
        "data/domains": "hair7", "init.source": source, "init.freeze": "[style_encoder,generator.encode]",
        "init.lr_factors": "{generator: 0.5}", "run_dir": tmp_path / "whole",
    }  # fmt: skip
    train(compose_config(*settings("stargan", steps=4, **options)))
    printed = capsys.readouterr().out
    checkpoint = find_checkpoint(source)
    assert f"{checkpoint} (run, step 2)" in printed and "style_encoder 0.0" in printed
    assert "(frozen)" in printed and "(partly frozen)" in printed and "discriminator    taken" in printed

    config = yaml.safe_load((tmp_path / "whole" / "config.yaml").read_text())["init"]
    assert config["source"] == str(checkpoint) and config["freeze"] == ["style_encoder", "generator.encode"]
    (entry,) = yaml.safe_load((tmp_path / "whole" / "run.yaml").read_text())
    assert entry["init"]["sources"][0]["sha256"] == {checkpoint.name: sha256(checkpoint)}
    tracked = flat({"run": {"init": _in_lines(entry["init"])}})
    assert tracked["run/init/sources"] == [str(checkpoint)] and tracked["run/init/frozen"] == config["freeze"]
    assert re.match(r"discriminator: \d+ tensors \([\d,]+ values\) taken", tracked["run/init/weights"][-1])
    assert record.differences(tmp_path / "whole", entry).endswith("in the same environment")
    other = copy.deepcopy(entry)
    other["init"]["sources"][0]["sha256"][checkpoint.name] = "0"
    assert f"init {checkpoint.name}: SHA-256" in record.differences(tmp_path / "whole", other)
    assert entry["init"]["frozen"] == config["freeze"] and entry["init"]["weights"][0]["action"] == "taken"

    before, after = runs.load(source)["state_dict"], runs.load(tmp_path / "whole")["state_dict"]
    for name, value in after.items():
        frozen = name.split(".", 1)[1].startswith(("style_encoder.", "generator.encode."))
        if frozen:  # both the trained network and its average stay at the average of the source
            kept = name.replace("networks.", "ema.", 1)
            assert torch.equal(value, before[kept]), name
    assert not torch.equal(after["networks.generator.to_rgb.2.weight"], before["networks.generator.to_rgb.2.weight"])

    # in two parts: init is not applied again, and frozen parts stay frozen
    options |= {"run_dir": tmp_path / "halves"}
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoints, "on_train_batch_end", interrupt_after_three_steps)
        with pytest.raises(StoppedBySignal):
            train(compose_config(*settings("stargan", steps=4, **options)))
    (tmp_path / "source").rename(tmp_path / "moved")
    train(compose_config(*settings("stargan", resume=tmp_path / "halves")))
    runs.assert_same_run(tmp_path / "whole", tmp_path / "halves")
    _, facts = collect([tmp_path / "halves"])
    (started_from,) = facts["training"]["stargan_generator"]["init"]
    assert started_from["path"] == f"source/{checkpoint.name}" and started_from["step"] == 2


def test_init_of_a_continued_run_is_its_own(start, settings, compose_config, tmp_path, monkeypatch):
    source = start("face_parser")
    run = tmp_path / "run"
    words = settings("face_parser", steps=2, run_dir=run, **{"init.source": source, "init.freeze": "[parser.backbone]"})
    train(compose_config(*words))
    before = choice.run_directory.load_config(run).init
    for same in ({"source": str(source)}, {"source": str(find_checkpoint(source))}, {"freeze": ["parser.backbone"]}):
        choice._refuse_other_start(DictConfig(same), before, run)
    for other in ({"source": "shipped"}, {"freeze": []}, {"lr_factors": {"parser": 0.1}}):
        with pytest.raises(ValueError, match=r"init is for a new run: the run in \S*run goes on from its own weights"):
            choice._refuse_other_start(DictConfig(other), before, run)
    old, new = runs.load(source)["state_dict"], runs.load(run)["state_dict"]
    same = {name for name, value in new.items() if torch.equal(value, old[name])}
    assert same == {name for name in new if name.startswith("networks.parser.backbone.")} | {
        name for name in same if "num_batches_tracked" in name
    }
    assert any("running_mean" in name for name in same)


@pytest.mark.parametrize(
    ("model", "frozen"),
    [("sean", ("discriminator", "generator.blocks.head")), ("hair_classifier", ("classifier.backbone",))],
)
def test_frozen_networks_with_statistics_do_not_change(model, frozen, start, settings, compose_config, tmp_path):
    source = start(model)
    options = {"steps": 2, "init.source": source, "init.freeze": f"[{','.join(frozen)}]", "run_dir": tmp_path / "run"}
    train(compose_config(*settings(model, **options)))
    old, new = runs.load(source)["state_dict"], runs.load(tmp_path / "run")["state_dict"]
    for name, value in new.items():
        kind, _, inside = name.partition(".")
        if inside.startswith(tuple(f"{part}." for part in frozen)):
            kept = f"ema.{inside}" if f"ema.{inside}" in old else name
            assert torch.equal(value, old[kept]), name
        elif kind == "networks" and name.endswith("weight"):
            assert not torch.equal(value, old[name]), name


def test_a_source_for_another_model_is_refused_before_the_data_is_read(start, compose_config, tmp_path):
    source = start("face_parser")
    cfg = compose_config("model=sean", "data=celeba_hq", "data.root=absent", f"init.source={source}")
    with pytest.raises(
        ValueError, match=r"has nothing for this model: it holds parser; the model has generator .SEANG"
    ):
        train(cfg)


PAGE = ROOT / "docs" / "fine-tuning.md"
SMALL_RUN = {
    "image_size": "32", "model.generator.base_width": "8", "model.mapping_network.hidden_dim": "16", "steps": "2",
    "data.count": "120", "data.workers": "1", "callbacks": "none", "logger": "none",
}  # fmt: skip
LARGER = {"image_size": "64", "model.generator.base_width": "4"}


@pytest.mark.slow
def test_the_commands_of_the_page(tmp_path):
    """Every command of the page that starts from the quickstart runs, in a small form."""
    lines = [line.strip().partition("  #")[0] for line in PAGE.read_text().splitlines()]
    commands = [shlex.split(line)[2:] for line in lines if re.match(r"python train.py .*\bexperiment=quickstart", line)]
    first, *others = [words for words in commands if not any(word.startswith("resume=") for word in words)]
    assert first == ["experiment=quickstart"] and len(others) >= 5
    queries = re.search(r"( +_target_: hairgan.domains.Domains\n(?:.*: .*\n| +queries:\n)+)", PAGE.read_text())
    domains = tmp_path / "my_conf" / "data" / "domains" / "my_hair8.yaml"
    domains.parent.mkdir(parents=True)
    domains.write_text(textwrap.dedent(queries[1]))
    for number, words in enumerate([first, *others]):
        small = SMALL_RUN | (LARGER if "image_size=128" in words else {}) | {"run_dir": str(tmp_path / str(number))}
        small["paths.cache"] = str(tmp_path / "cache")
        given = [word for word in words if word.partition("=")[0] not in small]
        given = [word.replace("outputs/quickstart/DATE_TIME", str(tmp_path / "0")) for word in given]
        given = [word.replace("=my_conf", f"={tmp_path / 'my_conf'}") for word in given]
        if number == 0:
            small["callbacks"] = "default"
            given += ["callbacks.generative_metrics=null", "callbacks.sample_grids=null"]
        log = tmp_path / f"{number}.log"
        process = runs.start([*given, *(f"{name}={value}" for name, value in small.items())], log)
        process.join(300)
        assert process.exitcode == 0, f"{' '.join(words)}: {runs.read_log(log)[-2000:]}"
        assert ("start    " in runs.read_log(log)) == (number > 0)
    assert "grey is new: it starts from the mean of bang" in (tmp_path / "2.log").read_text()
    assert "grey starts from blond" in (tmp_path / "3.log").read_text()


TINY_SEAN = [
    "experiment=quickstart_sean", "image_size=32", "model.generator.width=6", "model.generator.style_dim=16",
    "model.generator.label_width=16", "model.discriminator.width=16", "data.count=400", "data.workers=1",
    "callbacks.edit_metrics=null", "callbacks.generative_metrics=null", "callbacks.sample_grids=null",
]  # fmt: skip


@pytest.mark.slow
def test_a_third_of_the_steps_reaches_the_final_metric_on_other_people(compose_config, tmp_path):
    """`quickstart_sean` in a small form; other people than the source saw."""

    def lpips(name: str, *more: str) -> float:
        return train(compose_config(*TINY_SEAN, *more, f"run_dir={tmp_path / name}"))["val/lpips_embedded"]

    final = lpips("source", "steps=240", "validate_every=240")
    other = ["steps=80", "validate_every=80", "data.portrait_seed=5"]
    assert lpips("tuned", *other, f"init.source={tmp_path / 'source'}") <= final
    assert lpips("scratch", *other) > 1.1 * final


@pytest.mark.slow
@pytest.mark.parametrize("model", ["stargan"])
def test_two_processes_start_from_the_same_weights_as_one(model, start, exact_settings, tmp_path):
    source = start(model)
    options = {"data/domains": "hair7", "init.source": source, "init.freeze": "[mapping_network]"}
    assert_two_equal_one(model, exact_settings(model, steps=2, **options), EXACT, tmp_path)
