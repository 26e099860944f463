"""StarGAN v2 from state dicts in the official layout. Parity is in `tests/unit/networks/test_stargan.py`."""

import json

import pytest
import torch

from hairgan.networks.fan import FAN
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.weights.official import from_official
from tests.golden.rule import GOLDEN


def small_generator(**options) -> Generator:
    return Generator(64, style_dim=8, max_width=24, base_width=4, **options)


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("generator", lambda: Generator(256, w_hpf=1.0)),
        ("generator", lambda: Generator(256, w_hpf=0.0)),
        ("mapping_network", lambda: MappingNetwork(7)),
        ("style_encoder", lambda: StyleEncoder(256, 7)),
        ("discriminator", lambda: Discriminator(256, 7)),
        ("fan", FAN),
    ],
)
def test_published_names_in_the_published_order(name: str, build) -> None:
    folder = {"mapping_network": "mapping"}.get(name, name)
    with torch.device("meta"):
        network = build()
    if name == "generator":
        folder += f"_hpf{int(network.w_hpf)}"
    keys = json.loads((GOLDEN / "stargan_v2" / folder / "keys.json").read_text())["keys"]
    assert [[key, list(t.shape), str(t.dtype)] for key, t in network.state_dict().items()] == keys


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("generator", small_generator(w_hpf=0.0)),
        ("generator", small_generator(w_hpf=0.5)),
        ("generator", Generator(32, max_width=16, base_width=8, w_hpf=1.0)),
        ("mapping_network", MappingNetwork(3, latent_dim=4, style_dim=6, hidden_dim=10)),
        ("style_encoder", StyleEncoder(64, 3, style_dim=6, max_width=24, base_width=4)),
        ("style_encoder", StyleEncoder(32, 1, max_width=8, base_width=8)),
        ("discriminator", Discriminator(128, 5, max_width=24, base_width=4)),
    ],
)
def test_sizes_are_read_from_the_shapes(name: str, network) -> None:
    built = from_official(f"stargan_v2/{name}", network.state_dict())
    for attribute in ("image_size", "num_domains", "style_dim", "latent_dim", "w_hpf"):
        assert getattr(built, attribute, None) == getattr(network, attribute, None)
    for key, tensor in network.state_dict().items():
        assert torch.equal(built.state_dict()[key], tensor)
    assert not built.training


def test_a_missing_high_pass_filter_is_made() -> None:
    state = small_generator(w_hpf=2.0).state_dict()
    expected = state.pop("hpf.filter")
    built = from_official("stargan_v2/generator", state, w_hpf=2.0)
    assert torch.equal(built.hpf.filter, expected)
    assert "hpf.filter" not in state  # the caller's dict is left alone


def test_the_published_width_tells_the_skip_of_an_old_file() -> None:
    with torch.device("meta"):
        with_skip, without = Generator(256, w_hpf=1.0).state_dict(), Generator(256, w_hpf=0.0).state_dict()
    del with_skip["hpf.filter"]
    with_skip, without = ({k: torch.zeros(1).expand(v.shape) for k, v in s.items()} for s in (with_skip, without))
    for state, w_hpf in ((with_skip, 1.0), (without, 0.0)):
        built = from_official("stargan_v2/generator", state)
        assert (built.image_size, built.w_hpf) == (256, w_hpf)


def test_contradicting_w_hpf() -> None:
    with pytest.raises(ValueError, match=r"w_hpf = 1.*made with 2"):
        from_official("stargan_v2/generator", small_generator(w_hpf=2.0).state_dict(), w_hpf=1.0)


@pytest.mark.parametrize(
    ("name", "network", "key"),
    [
        ("generator", small_generator(w_hpf=1.0), "encode.0.conv1.weight"),
        ("mapping_network", MappingNetwork(2), "shared.0.weight"),
        ("style_encoder", StyleEncoder(32, max_width=16, base_width=4), "shared.1.conv1.weight"),
        ("discriminator", Discriminator(32, max_width=16, base_width=4), "main.0.weight"),
        ("fan", FAN(), "m0.b3_2.bn1.weight"),
    ],
)
def test_everything_that_does_not_fit_is_listed(name: str, network, key: str) -> None:
    state = network.state_dict()
    tensor = state.pop(key)
    state["surplus.weight"] = tensor
    with pytest.raises(ValueError, match="state dict does not fit") as error:
        from_official(f"stargan_v2/{name}", state)
    assert key in str(error.value)
    assert "surplus.weight" in str(error.value)


def test_another_shape_is_listed() -> None:
    state = small_generator().state_dict()
    state["to_rgb.2.bias"] = torch.zeros(4)
    with pytest.raises(ValueError, match=r"to_rgb.2.bias \(4,\) instead of \(3,\)"):
        from_official("stargan_v2/generator", state)
