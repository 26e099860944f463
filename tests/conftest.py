"""Shared by all tests: a small packed dataset, and the real config composed for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["WANDB_MODE"] = "offline"
if os.environ.get("HAIRGAN_GPU_TESTS") != "1":  # tests/gpu
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
if "PYTEST_XDIST_WORKER" in os.environ:  # a process per core: with more threads than cores, they wait for each other
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from hairgan.data.items import Item
from hairgan.data.packing import pack
from hairgan.regions import Region

ROOT = Path(__file__).parent.parent


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all tests of the page to one process, first: they share a browser and would wait for each other."""
    from xdist.scheduler import LoadScopeScheduling

    class PageFirst(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if nodeid.startswith("tests/browser/") else nodeid

    return PageFirst(config, log)


class Faces:
    """Faces of flat colour, enough for every query: an ellipse of skin with eyes and lips under hair of some length."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, index: int) -> Item:
        rng = np.random.default_rng(index)
        y, x = np.mgrid[: self.size, : self.size] / self.size - 0.5
        length = ("short", "bob", "long")[index % 3]
        labels = np.zeros((self.size, self.size), np.uint8)
        labels[(np.abs(x) < 0.4) & (y < {"short": -0.1, "bob": 0.2, "long": 0.5}[length])] = Region.HAIR
        labels[(x / 0.3) ** 2 + (y / 0.35) ** 2 < 1] = Region.SKIN
        labels[(np.abs(x - 0.12) < 0.05) & (np.abs(y + 0.05) < 0.03)] = Region.L_EYE
        labels[(np.abs(x + 0.12) < 0.05) & (np.abs(y + 0.05) < 0.03)] = Region.R_EYE
        labels[(np.abs(x) < 0.1) & (np.abs(y - 0.18) < 0.03)] = Region.L_LIP
        colors = np.random.default_rng(0).integers(30, 220, (19, 3))
        color = ("black", "brown", "blond", "grey")[index // 3 % 4]
        colors[Region.HAIR] = {"black": 20, "brown": (90, 50, 30), "blond": (220, 190, 110), "grey": 150}[color]
        image = np.clip(colors[labels] + rng.integers(-12, 12, (self.size, self.size, 1)), 0, 255).astype(np.uint8)
        bangs, straight = bool(index // 2 % 2), bool(index // 5 % 2)
        attributes = {
            "name": f"{index:05d}",
            "split": ("train", "train", "train", "val", "test")[index // 12 % 5],
            "hair_length": length,
            "hair_texture": "straight" if straight else "perm",
            "hair_color": color,
            "hair_area": float((labels == Region.HAIR).mean()),
            "hair_below_chin": {"short": -0.6, "bob": 0.0, "long": 0.4}[length],
            "forehead_covered": 0.8 if bangs else 0.1,
            "Bangs": bangs,
            "Bald": False,
            "Wearing_Hat": False,
            "Male": bool(index // 7 % 2),
            "Straight_Hair": straight,
            "Wavy_Hair": not straight,
            "Blond_Hair": color == "blond",
        }
        return Item(image, labels, attributes)


@pytest.fixture(autouse=True)
def forget_modules_of_the_test(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Modules that a test wrote and imported end with it: the next one may give its own the same name."""
    before = set(sys.modules)
    yield
    folder = str(tmp_path_factory.getbasetemp())
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]


@pytest.fixture(scope="session")
def packed_faces(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Makes (once a size) a packed dataset of 180 faces: 108 train, 36 val, 36 test."""
    folder = tmp_path_factory.mktemp("packed")

    def make(size: int) -> Path:
        out = folder / f"faces_{size}"
        pack(Faces(size), 180, out, size=size, source={"kind": "test faces"}, workers=0, progress=False)
        return out

    return make


@pytest.fixture
def compose_config(tmp_path: Path) -> Callable[..., DictConfig]:
    """Composes the real config, writing under `tmp_path`."""

    def make(*overrides: str) -> DictConfig:
        paths = [f"paths.{name}={tmp_path / name}" for name in ("outputs", "cache", "data")]
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            return compose("config", [*paths, "logger=[csv]", "trainer=cpu", "data.num_workers=0", *overrides])

    return make
