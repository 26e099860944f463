"""Completion of settings on the command line: `hairgan train model=<TAB>`, from the files of `conf/` alone.

Hydra completes `python train.py` (`-sc install=bash`); this is the same for `hairgan train`, without importing Hydra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import yaml

from hairgan.programs import config_dir


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What can stand for the word being typed: names of settings up to the next dot, or the choices of a group."""
    words = list(ctx.params.get(str(param.name)) or ())
    typed = incomplete
    while words and (words[-1] == "=" or typed.startswith("=")):  # bash takes NAME=VALUE for three words
        typed = words.pop() + typed
    found = sorted(name for name in candidates(ctx.info_name or "train", words, typed) if name.startswith(typed))
    return [name.removeprefix(typed.removesuffix(incomplete)) for name in found]


def candidates(program: str, words: Sequence[str], typed: str) -> Iterator[str]:
    """Completions of a word that may begin with it.

    Args:
        program: `train`, `evaluate` or `sweep`.
        words: the words before it.
    """
    folders = [*_own_folders(words), config_dir()]
    name, equals, _ = typed.partition("=")
    if equals:
        yield from (f"{name}={choice}" for choice in _choices(folders, name))
        return
    tree: Any = _read(folders, "evaluate" if program == "evaluate" else "config")
    groups = dict(_chosen(tree))
    groups |= {group: choice for group, _, choice in (word.partition("=") for word in words) if group in groups}
    for group, choice in groups.items():
        for file in ("default", choice):
            _merge(tree, _read(folders, f"{group}/{file}"))
    around = ""
    for part in name.split(".")[:-1]:
        tree, around = tree.get(part), f"{around}{part}."
        if not isinstance(tree, dict):
            return
    for key, value in tree.items():
        if key not in ("defaults", "_target_"):
            yield f"{around}{key}." if isinstance(value, dict) else f"{around}{key}="
    if not around:
        yield from (f"{group}=" for group in groups)


def _own_folders(words: Sequence[str]) -> list[Path]:
    """The folder of `--config-dir`."""
    after = [word for option, word in pairwise(words) if option in ("--config-dir", "-cd")]
    return [Path(folder) for folder in after]


def _choices(folders: Sequence[Path], group: str) -> set[str]:
    return {path.stem for folder in folders for path in (folder / group).glob("*.yaml")}


def _chosen(outermost: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The groups of a config and the choices in its defaults list."""
    for entry in outermost.get("defaults", []):
        if isinstance(entry, dict):
            yield from (
                (group, str(choice)) for group, choice in entry.items() if " " not in group and group != "hydra"
            )


def _read(folders: Sequence[Path], name: str) -> dict[str, Any]:
    """What the first file of that name adds to the config; empty if there is none, or it is not a mapping."""
    for folder in folders:
        try:
            text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
            content = yaml.safe_load(text)
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if not isinstance(content, dict):
            return {}
        group = name.rpartition("/")[0]
        return {group: content} if group and "@package _global_" not in text else content
    return {}


def _merge(tree: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value
