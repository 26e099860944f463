"""Names of older versions, in bundle cards and run configs, stand for what they have become."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from hairgan.moved import MOVED, current_name, with_current_names
from hairgan.weights.cards import CARD, read_card
from hairgan.weights.runs import CONFIG, read_config
from hairgan.weights.trusted import NETWORKS
from lightning_modules.launch.run_directory import load_config


def names_of(old: str) -> list[tuple[str, str]]:
    """The old and new names of a row: itself, or for a module the classes and functions that it defines."""
    new = MOVED[old]
    found = pkgutil.resolve_name(new)
    if not isinstance(found, ModuleType):
        return [(old, new)]
    names = [name for name, value in vars(found).items() if getattr(value, "__module__", None) == new]
    assert names, f"{new} defines nothing"
    return [(f"{old}.{name}", f"{new}.{name}") for name in names]


@pytest.mark.parametrize("row", MOVED)
def test_a_row(row: str, tmp_path: Path) -> None:
    for old, new in names_of(row):
        assert pkgutil.resolve_name(new) is not None
        assert current_name(old) == current_name(new) == new
        parts = {"part": {"_target_": old}, "masks": {"_target_": "hydra.utils.get_method", "path": old}}
        (tmp_path / CONFIG).write_text(yaml.safe_dump({"model": parts | {"_target_": old}}))
        for config in (read_config(tmp_path), load_config(tmp_path)):
            assert config["model"]["_target_"] == config["model"]["part"]["_target_"] == new
            assert config["model"]["masks"]["path"] == new
        if new in NETWORKS:
            part = {"class": ":".join(old.rsplit(".", 1)), "config": {}, "file": "a.safetensors", "sha256": "0" * 64}
            (tmp_path / CARD).write_text(yaml.safe_dump({"format": 1, "parts": {"mine": part}}))
            assert read_card(tmp_path)["parts"]["mine"]["class"] == ":".join(new.rsplit(".", 1))


def test_current_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.moved.MOVED", {"old.module": "new.place.module", "old.module.Thing": "new.Thing"})
    assert current_name("old.module.Other") == "new.place.module.Other"
    assert current_name("old.module:Other") == "new.place.module:Other"
    assert current_name("old.module:Other.Inner") == "new.place.module:Other.Inner"
    assert current_name("old.module.Thing") == "new.Thing", "the longest row counts"
    assert current_name("old.module:Thing") == "new:Thing"
    for name in ("old.modules.Thing", "older.module.Thing", "old", "", ":", "my_net:Generator"):
        assert current_name(name) == name


def test_with_current_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.moved.MOVED", {"old": "new"})
    config = {"a": [{"_target_": "old.A", "path": "old.A"}, 1], "b": {"_target_": None}, "c": "old.A"}
    assert with_current_names(config) == {
        "a": [{"_target_": "new.A", "path": "old.A"}, 1], "b": {"_target_": None}, "c": "old.A",
    }  # fmt: skip
    assert config["a"][0]["_target_"] == "old.A", "the argument stays as it is"
