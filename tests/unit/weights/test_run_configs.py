"""What the config of a run may build."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from hairgan.weights.run_configs import check_config, targets
from hairgan.weights.trusted import trusting

CONF = Path(__file__).parents[3] / "conf"
MODELS = ("stargan", "sean", "face_parser", "hair_classifier")


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
