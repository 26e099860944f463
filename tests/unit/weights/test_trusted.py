"""Which classes are built because a file names them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from torch import nn

from hairgan.networks.face_parser import BiSeNet
from hairgan.weights import trusted
from hairgan.weights.trusted import NETWORKS, check_config, locate, network_class, targets, trust, trusting

CONF = Path(__file__).parents[3] / "conf"
MODELS = ("stargan", "sean", "face_parser", "hair_classifier")


@pytest.fixture(autouse=True)
def nothing_stays_trusted() -> Iterator[None]:
    with trusting(None):
        yield


@pytest.fixture
def my_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of somebody's own, in the current directory, which leaves a mark when it runs."""
    file = tmp_path / "my_net.py"
    file.write_text(
        "from pathlib import Path\nfrom torch import nn\nPath('ran').touch()\nclass Mine(nn.Linear): pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "my_net", raising=False)
    return tmp_path


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


def composed(*overrides: str, resolve: bool = False) -> dict:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return OmegaConf.to_container(compose("config", [*overrides]), resolve=resolve)


@pytest.mark.parametrize("model", MODELS)
def test_our_own_configs_pass(model: str) -> None:
    for more in (["data=celeba_hq", "trainer=ddp"], ["data=image_folder", "trainer=slurm", "logger=[csv,tensorboard]"]):
        check_config(composed(f"model={model}", *more))
    check_config(composed(f"model={model}", resolve=True), ("data", "model", "callbacks", "logger", "trainer"))


WRITES = {"_target_": "hairgan.networks.mean_styles.save_file", "tensors": {}, "filename": "VICTIM"}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("model.mapping_network", WRITES),
        ("model.masks", {"_target_": "hydra.utils.get_method", "path": "os.system"}),
        ("model.masks", {"_target_": "hydra.utils.get_method", "path": None}),
        ("model.optimizers.generator._target_", "os.system"),
        ("model.optimizers.generator._target_", "torch.load"),
        ("model.optimizers.generator._target_", "torch.optim.optimizer.load"),
        ("model._target_", "lightning_modules.callbacks.Checkpoints"),
        ("model._target_", 5),
        ("model._target_", "${name}"),
        ("data", {"_target_": "subprocess.run", "args": ["touch", "VICTIM"]}),
        ("data", {"_target_": "datamodules.base.Path", "_args_": ["x"]}),
        ("callbacks.mine", {"_target_": "my_net.Callback"}),
        ("callbacks.mine", {"_target_": "hairgan.__main__.main"}),
        ("callbacks.mine", {"_target_": "lightning_modules.callbacks.nothing_here.X"}),
        ("logger.mine", {"_target_": "pytorch_lightning.callbacks.EarlyStopping"}),
        ("trainer.plugins", [{"_target_": "builtins.exec", "_args_": ["x"]}]),
        ("trainer._target_", "pytorch_lightning.utilities.rank_zero.os.system"),
        ("hidden", {"_target_": "os.system", "command": "touch VICTIM"}),
        ("callbacks.progress", "${oc.create:{_target_: os.system}}"),
        ("callbacks.progress", "${oc.${name}:'{_target_: os.system}'}"),
        ("callbacks.progress", "${oc.decode:${name}}"),
    ],
)
def test_a_config_that_would_build_something_else(place: str, value: object) -> None:
    config = OmegaConf.create(composed())
    OmegaConf.update(config, place, value, merge=False, force_add=True)
    with pytest.raises(ValueError, match=r"^the config of A (names|has) .*") as error:
        check_config(OmegaConf.to_container(config, resolve=False), source="the config of A")
    assert len(str(error.value)) < 400


def test_what_is_typed_or_trusted_passes(my_net: Path) -> None:
    mine = ["+callbacks.mine._target_=my_net.Callback", "model.generator._target_=my_net.Generator"]
    config = composed(*mine)
    with pytest.raises(ValueError, match=r"trust=my_net"):
        check_config(config)
    check_config(config, typed=targets(config))
    check_config(composed(*mine, resolve=True), ("data", "model.masks"))
    with trusting("my_net"):
        check_config(config)
    config["callbacks"]["more"] = {"_target_": "other.Callback", "path": "${oc.create:{}}"}
    with trusting("my_net"), pytest.raises(ValueError, match="trust=other"):
        check_config(config)
    with trusting(True):
        check_config(config)


def test_references_are_not_followed_where_a_part_is_built_alone() -> None:
    config = composed()
    config["hidden"] = {"_target_": "os.system"}
    config["data"] = "${hidden}"
    with pytest.raises(ValueError, match=r"has \$\{hidden\} as data"):
        check_config(config, ("data",))


def test_what_there_is_not() -> None:
    for name in ("hairgan.nothing.X", "nothing_at_all.X", "hairgan.networks.face_parser.Nothing"):
        with pytest.raises(ValueError, match="there is no"):
            locate(name)
