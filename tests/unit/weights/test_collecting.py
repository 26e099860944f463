"""From run directories and bundles to one bundle."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner
from torch import nn

from hairgan.cli import cli
from hairgan.editing.salon import Salon
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.weights.bundles import load_bundle, save_bundle
from hairgan.weights.collecting import collect, complete_with
from hairgan.weights.mean_styles import file_name, save_mean_styles

NARROW = {"image_size": 32, "base_width": 4, "max_width": 8}


def make_run(path: Path, networks: dict[str, nn.Module], ema: dict[str, nn.Module], **config: object) -> Path:
    """A run directory as training leaves it behind."""
    nodes = {name: {"_target_": f"{type(n).__module__}.{type(n).__name__}", **n.config} for name, n in networks.items()}
    (path / "checkpoints").mkdir(parents=True)
    (path / "config.yaml").write_text(yaml.safe_dump({"name": "x", "seed": 7, "model": nodes, **config}))
    state = {f"networks.{name}.{key}": t for name, n in networks.items() for key, t in n.state_dict().items()}
    state |= {f"ema.{name}.{key}": t for name, n in ema.items() for key, t in n.state_dict().items()}
    torch.save({"state_dict": state, "steps_done": 5}, path / "checkpoints" / "step_00000005.ckpt")
    (path / "run.yaml").write_text(yaml.safe_dump([{"dataset": {"path": "/p", "fingerprint": "ab12"}, "git": {}}]))
    (path / "metrics.csv").write_text("step,loss,val/mean_iou\n1,2.0,\n2,1.5,0.25\n4,1.1,0.5\n5,1.0,\n")
    return path


@pytest.fixture(scope="module")
def averaged() -> Generator:
    return Generator(**NARROW, w_hpf=0.0)


@pytest.fixture(scope="module")
def stargan_run(tmp_path_factory: pytest.TempPathFactory, averaged: Generator) -> Path:
    networks: dict[str, nn.Module] = {
        "generator": Generator(**NARROW, w_hpf=0.0),
        "mapping_network": MappingNetwork(2, hidden_dim=8),
        "style_encoder": StyleEncoder(**NARROW, num_domains=2),
        "discriminator": Discriminator(**NARROW, num_domains=2),
    }
    path = tmp_path_factory.mktemp("runs") / "stargan"
    return make_run(path, networks, {"generator": averaged}, domain_names=["bob", "short"])


def test_a_run_and_a_bundle_become_one_bundle(stargan_run: Path, averaged: Generator, tmp_path: Path) -> None:
    save_bundle(tmp_path / "parts", {"parser": BiSeNet(base_width=4)}, licence={"parser": "MIT"})
    arguments = ["bundle", str(stargan_run), str(tmp_path / "parts"), "--out", str(tmp_path / "b"), "--license", "CC0"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0 and f"wrote {tmp_path / 'b'}" in result.output
    bundle = load_bundle(tmp_path / "b")
    assert set(bundle.networks) == {"parser", "stargan_generator", "mapping_network", "style_encoder"}
    assert bundle.domains == ("bob", "short")
    weight = bundle.networks["stargan_generator"].state_dict()["from_rgb.weight"]
    assert torch.equal(weight, averaged.from_rgb.weight)
    assert bundle.card["licence"] == {"parser": "MIT"} | dict.fromkeys(
        ["stargan_generator", "mapping_network", "style_encoder"], "CC0"
    )
    training = bundle.card["training"]["style_encoder"]
    assert training["run"] == "stargan" and training["step"] == 5 and training["seed"] == 7
    assert training["dataset"] == {"fingerprint": "ab12"}, "the path of somebody's machine stays out"
    assert training["metrics"] == {"val/mean_iou": 0.5}
    salon = Salon.from_run(stargan_run, tmp_path / "parts")
    assert salon.restyler is not None and salon.restyler.domains == ("bob", "short")
    assert "&" not in (tmp_path / "b" / "card.yaml").read_text()


def test_sources_that_do_not_go_together(stargan_run: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="which another source also holds"):
        collect([stargan_run, stargan_run])
    save_bundle(tmp_path / "other", {"parser": BiSeNet(base_width=4)}, domains=["long"])
    with pytest.raises(ValueError, match="has the domains long, not bob, short"):
        collect([stargan_run, tmp_path / "other"])
    with pytest.raises(ValueError, match="is not a run directory"):
        collect([tmp_path])
    only = make_run(tmp_path / "run", {"discriminator": Discriminator(**NARROW, num_domains=2)}, {})
    with pytest.raises(ValueError, match="no network that belongs in a bundle"):
        collect([only])


def test_a_bundle_is_completed_with_the_rest_of_another(tmp_path: Path) -> None:
    own, other = BiSeNet(base_width=4), BiSeNet(base_width=4)
    classifier = HairClassifier(base_width=8)
    facts = {"licence": dict.fromkeys(["parser", "classifier"], "CC0"), "training": {"classifier": {"step": 3}}}
    save_bundle(tmp_path / "old", {"parser": other, "classifier": classifier}, domains=["bob", "short"], **facts)
    save_bundle(tmp_path / "new", {"parser": own}, licence={"parser": "MIT"})
    arguments = ["bundle", str(tmp_path / "new"), "--rest-of", str(tmp_path / "old"), "--out", str(tmp_path / "whole")]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    whole = load_bundle(tmp_path / "whole")
    assert set(whole.networks) == {"parser", "classifier"} and whole.domains == ("bob", "short")
    for part, network in (("parser", own), ("classifier", classifier)):
        state, kept = whole.networks[part].state_dict(), network.state_dict()
        assert all(torch.equal(state[name], kept[name]) for name in kept)
    assert whole.card["licence"] == {"parser": "MIT", "classifier": "CC0"}
    assert whole.card["training"] == {"classifier": {"step": 3}}


def test_what_completes_nothing_is_refused(stargan_run: Path, tmp_path: Path) -> None:
    networks, facts = collect([stargan_run])
    with pytest.raises(ValueError, match=r"has no other part than .*: there is nothing to complete"):
        complete_with(networks, facts, stargan_run)
    save_bundle(tmp_path / "other", {"parser": BiSeNet(base_width=4)}, domains=["long"])
    with pytest.raises(ValueError, match="has the domains long, not bob, short"):
        complete_with(networks, facts, tmp_path / "other")


def test_mean_style_codes_go_along_with_sean(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"generator": SEANGenerator(32, width=2, style_dim=8)}, {})
    means = MeanStyles(style_dim=8)
    means.codes.fill_(0.5)
    save_mean_styles(run / "checkpoints" / file_name(4), means)
    assert set(collect([run])[0]) == {"sean"}, "those are of another step's weights"
    save_mean_styles(run / "checkpoints" / file_name(5), means)
    networks, facts = collect([run])
    save_bundle(tmp_path / "b", networks, **facts)
    read = load_bundle(tmp_path / "b").networks
    assert set(read) == {"sean", "mean_styles"}
    assert torch.equal(read["mean_styles"].codes, means.codes)
