"""Bundles and runs that older code wrote (tests/data/make_old_files.py) still load."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from hairgan.editing.salon import Salon
from hairgan.weights import collect, load_bundle, networks_from_run
from hairgan.weights.runs import check_networks

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(DATA / f"old_{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / request.param


def sums(networks: Mapping[str, nn.Module]) -> dict[str, float]:
    return {
        name: float(sum(tensor.double().abs().sum() for tensor in network.state_dict().values()))
        for name, network in networks.items()
    }


@pytest.mark.parametrize("old", ["bundle"], indirect=True)
def test_an_old_bundle(old: Path) -> None:
    bundle = load_bundle(old)
    assert sums(bundle.networks) == pytest.approx(json.loads((old / "expected.json").read_text()))
    assert bundle.domains == ("bob", "short")
    networks, facts = collect([old])
    assert set(networks) == set(bundle.networks) and facts["training"]["parser"] == "as published"
    salon = Salon.from_bundle(old)
    assert salon.restyler is not None and salon.parser.size == 64


@pytest.mark.parametrize("old", ["run"], indirect=True)
def test_an_old_run(old: Path) -> None:
    networks, about = networks_from_run(old)
    assert sums(networks) == pytest.approx(json.loads((old / "expected.json").read_text()))
    assert about["step"] == 2 and networks["generator"].style_dim == 8
    trained = networks_from_run(old, averaged=False)[0]["generator"]
    assert not torch.equal(trained.from_rgb.weight, networks["generator"].from_rgb.weight)
    model = about["config"]["model"]
    check_networks(model, about["checkpoint"])
    with pytest.raises(ValueError, match=r"step_00000002\.ckpt: generator does not fit Generator: .* of another shape"):
        check_networks(model | {"generator": model["generator"] | {"max_width": 2**14}}, about["checkpoint"])
    parts, facts = collect([old])
    assert set(parts) == {"stargan_generator", "mapping_network", "style_encoder"}
    assert facts["domains"] == ["female", "male"]
    assert facts["training"]["style_encoder"]["dataset"]["counts"]["train"] == {"all": 36, "female": 21, "male": 15}
