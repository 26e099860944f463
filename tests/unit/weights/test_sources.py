"""A network is read from a run directory, a bundle, the bundle that ships, or a published file."""

import pytest
import torch

from hairgan.networks.face_parser import BiSeNet
from hairgan.weights.bundles import save_bundle
from hairgan.weights.sources import load_network
from tests.golden import rule
from tests.unit.weights.test_collecting import make_run


def network_of(width=4):
    torch.manual_seed(width)
    return BiSeNet(base_width=width, image_size=64).eval()


def write_run(path):
    return make_run(path, {"parser": network_of()}, {})


def write_bundle(path):
    save_bundle(path, {"parser": network_of()})
    return path


def write_published_file(path):
    path = path.with_suffix(".pth")
    torch.save(rule.fill_state(rule.GOLDEN / "bisenet" / "keys.json"), path)
    return path


@pytest.mark.parametrize("write", [write_run, write_bundle])
def test_a_run_and_a_bundle(tmp_path, write):
    network = load_network("parser", write(tmp_path / "source"))
    assert not network.training
    expected = network_of().state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


def test_a_published_file(tmp_path):
    file = write_published_file(tmp_path / "79999_iter")
    network = load_network("parser", file)
    assert isinstance(network, BiSeNet) and network.image_size == 512
    with pytest.raises(ValueError, match="is a file: a classifier is read from a run directory or a bundle"):
        load_network("classifier", file)


def test_the_bundle_that_ships():
    assert isinstance(load_network("parser"), BiSeNet)


def test_what_is_none_of_these(tmp_path):
    with pytest.raises(ValueError, match=r"is not a bundle or a run directory: it has neither card\.yaml nor config"):
        load_network("parser", tmp_path)
    with pytest.raises(ValueError, match="is not a bundle"):
        load_network("parser", tmp_path / "absent")
    with pytest.raises(ValueError, match="source has no part 'sean'; it has parser"):
        load_network("sean", write_bundle(tmp_path / "source"))
