"""Every choice of every group composes, and the classes that it names exist."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hydra.errors import HydraException
from hydra.utils import get_class, get_object, instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from hairgan.portraits.items import DRAW, VERSIONS
from lightning_modules.launch.settings import check_training

CONF = Path(__file__).parents[2] / "conf"


def choices(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def targets(node: object) -> list[str]:
    if isinstance(node, dict):
        return [v for k, v in node.items() if k == "_target_"] + [t for v in node.values() for t in targets(v)]
    return [t for v in node for t in targets(v)] if isinstance(node, list) else []


def resolved(cfg: DictConfig) -> dict:
    with open_dict(cfg):
        cfg.domain_names, cfg.num_domains, cfg.run_dir = ["a", "b"], 2, "run"
    return OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)  # type: ignore[return-value]


@pytest.mark.parametrize(("model", "data"), itertools.product(choices("model"), choices("data")))
def test_every_model_composes_with_all_data(model, data, compose_config):
    cfg = resolved(compose_config(f"model={model}", f"data={data}"))
    assert cfg["data"]["batches"]["_target_"] and cfg["name"] == model
    for target in set(targets(cfg)):
        assert callable(get_object(target)), target


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g in ("trainer", "logger", "sweep") for c in choices(g)])
def test_every_choice_of_the_other_groups_composes(group, choice, compose_config):
    for target in set(targets(resolved(compose_config(f"{group}={choice}")))):
        assert callable(get_object(target)), target


@pytest.mark.parametrize("experiment", choices("experiment"))
def test_every_experiment_builds_its_networks(experiment, compose_config):
    cfg = compose_config(f"experiment={experiment}")
    resolved(cfg)
    for name, node in cfg.model.items():
        if isinstance(node, DictConfig) and str(node.get("_target_", "")).startswith("hairgan.networks."):
            network = instantiate(node)
            assert isinstance(network, get_class(node._target_)), name


@pytest.mark.parametrize("model", choices("model"))
@pytest.mark.parametrize("debug", choices("debug"))
def test_every_debug_choice_composes_with_every_model(model, debug, compose_config):
    resolved(compose_config(f"model={model}", f"debug={debug}"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model=stargann", "Could not find 'model/stargann'"),
        ("data=celeba", "Could not find 'data/celeba'"),
        ("stepz=3", "Could not override 'stepz'"),
        ("model.lambda_cycle=3", "Could not override 'model.lambda_cycle'"),
    ],
)
def test_a_misspelled_choice_or_setting_is_named(override, message, compose_config):
    with pytest.raises(HydraException, match=re.escape(message)):
        compose_config(override)


def test_wandb_mode_is_used_where_no_mode_is_given(compose_config, monkeypatch):
    for variable, overrides, mode in (
        (None, [], "offline"),
        ("disabled", [], "disabled"),
        ("disabled", ["logger.mode=online"], "online"),
    ):
        monkeypatch.delenv("WANDB_MODE") if variable is None else monkeypatch.setenv("WANDB_MODE", variable)
        assert compose_config("logger=wandb", *overrides).logger.wandb.mode == mode


def test_an_empty_wandb_mode_counts_as_not_set(compose_config, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "")
    cfg = compose_config("logger=wandb")
    check_training(cfg)
    assert cfg.logger.wandb.mode == "offline"


def test_config_files_begin_with_a_description():
    for path in (CONF / "config.yaml", *(CONF / "model").glob("*.yaml"), *(CONF / "data").glob("*.yaml")):
        assert "#" in path.read_text().splitlines()[0], f"{path} does not begin with a comment"


def test_each_style_of_portraits_is_drawn_so_and_has_its_own_folder(compose_config, tmp_path):
    folders = set()
    for style, version in VERSIONS.items():
        overrides = (
            "data=portraits",
            f"data.style={style}",
            f"paths.cache={tmp_path}",
            "image_size=32",
            "data.count=2",
        )
        folder = instantiate(compose_config(*overrides, "data.workers=1", "data.portrait_seed=5").data).pack()
        folders.add(folder.name)
        assert folder.name == f"portraits{'' if style == 'plain' else f'_{style}'}_v{version}_32_2_5"
        for index, image in enumerate(np.load(folder / "images.npy")):
            np.testing.assert_array_equal(image, DRAW[style](5, index, 32).image)
    assert len(folders) == len(VERSIONS) == len(DRAW)


def test_an_unknown_style_of_portraits_is_refused(compose_config):
    with pytest.raises(
        Exception, match=r"data\.style must be one of plain, randomized, mixed, hard, mixed_hard, not 'rendered'"
    ):
        instantiate(compose_config("data=portraits", "data.style=rendered").data)
