"""Which classes are built because a file names them."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from torch import nn

from hairgan.networks.face_parser import BiSeNet
from hairgan.weights import trusted
from hairgan.weights.trusted import NETWORKS, locate, network_class, trust, trusting


def test_every_listed_network_is_one() -> None:
    for name in NETWORKS:
        cls = network_class(name, "a card")
        assert f"{cls.__module__}.{cls.__qualname__}" == name and issubclass(cls, nn.Module)
    assert network_class("hairgan.networks.face_parser:BiSeNet", "a card") is BiSeNet


@pytest.mark.parametrize(
    "target",
    [
        "hairgan.networks.mean_styles.save_file",
        "hairgan.networks.face_parser.nn.Linear",
        "hairgan.networks.face_parser.ResNet",
        "hairgan.networks.resnet.models.resnet50",
        "torch.nn.Linear",
        "os.system",
        "os:system",
        "hairgan.networks.face_parser",
        "BiSeNet",
        "",
        "..",
        "a:b:c",
        None,
        5,
        ["hairgan.networks.face_parser.BiSeNet"],
    ],
)
def test_everything_else_is_refused(target: object) -> None:
    with pytest.raises(ValueError, match=r"^the card names"):
        network_class(target, "the card")


def test_own_code_runs_only_where_it_is_trusted(my_net: Path) -> None:
    with pytest.raises(ValueError, match=r"my_net\.Mine, which is not a network of hairgan.*--trust my_net"):
        network_class("my_net.Mine", "the card")
    assert not (my_net / "ran").exists()
    with trusting("my_net"):
        assert network_class("my_net:Mine", "the card").__name__ == "Mine"
        with pytest.raises(ValueError, match=r"there is no Other in my_net"):
            network_class("my_net.Other", "the card")
        with pytest.raises(ValueError, match=r"my_net\.Path, which is not a class of torch\.nn\.Module"):
            network_class("my_net.Path", "the card")
        with pytest.raises(ValueError, match=r"my_network\.Mine, which is not a network of hairgan"):
            network_class("my_network.Mine", "the card")
    with pytest.raises(ValueError, match="is not a network of hairgan"):
        network_class("my_net.Mine", "the card")
    with trusting(True):
        assert network_class("my_net.Mine", "the card")
    with trusting(True), pytest.raises(ValueError, match="there is no module absent_net"):
        network_class("absent_net.Mine", "the card")


@pytest.mark.parametrize("names", ["my net", "../x", 5, [3], {"a b": 1}])
def test_names_that_cannot_be_trusted(names: object) -> None:
    with pytest.raises(ValueError, match="trust takes"):
        trust(names)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["absent_net", "absent_net.part", "absent_net.Mine"])
def test_a_module_that_is_not_there_cannot_be_trusted(name: str) -> None:
    with pytest.raises(ValueError, match=r"^trust names absent_net.* there is no module or package absent_net: is it"):
        trust(["hairgan", name])
    assert not trusted.is_trusted(name)


def test_a_part_that_a_module_does_not_have_cannot_be_trusted(my_net: Path) -> None:
    for name in ("my_net.absent", "my_net.absent.Mine"):
        with pytest.raises(ValueError, match=rf"^trust names {name}, but there is no .* in my_net$"):
            trust(name)
        assert not trusted.is_trusted(name)
    for name in ("my_net.Mine", "hairgan.networks", "hairgan.networks.stargan"):
        with trusting(name):
            assert trusted.is_trusted(name)


def test_an_installed_plugin_is_trusted(my_net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = importlib.metadata.EntryPoint("mine", "my_net:Mine", trusted.PLUGINS)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] if group == trusted.PLUGINS else [])
    trusted._plugins.cache_clear()
    try:
        assert network_class("my_net.Mine", "the card")
        with pytest.raises(ValueError, match="is not a network of hairgan"):
            network_class("my_net.Path", "the card")
    finally:
        trusted._plugins.cache_clear()


def test_what_there_is_not() -> None:
    for name in ("hairgan.nothing.X", "nothing_at_all.X", "hairgan.networks.face_parser.Nothing"):
        with pytest.raises(ValueError, match="there is no"):
            locate(name)
