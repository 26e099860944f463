"""The composed config with the comments of the files it comes from: what `--help` prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from hairgan import programs

CONF = programs.config_dir()

own_folders: list[Path] = []
"""The folder of `--config-dir`, where configs are looked for after `CONF`."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader written in C, where PyYAML was built with it: seven times as fast."""

Name = tuple[str, ...]
"""The full name of a setting, split at its dots."""


@dataclass
class Comments:
    """The comments of a YAML file.

    Attributes:
        title: the lines before the first setting, which describe the file.
        above: setting -> comment lines above it.
        beside: setting -> comment beside it, and its continuation on the next lines.
    """

    title: list[str] = field(default_factory=list)
    above: dict[Name, list[str]] = field(default_factory=dict)
    beside: dict[Name, list[str]] = field(default_factory=dict)


def with_comments(config: str, overrides: Sequence[str]) -> str:
    """The composed config as YAML with references unresolved, each value with its comment.

    Args:
        config: name of the outermost file, without its suffix.
        overrides: as on the command line.
    """
    words = [*overrides, *search_own_folders()]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(config, words)
        loader = GlobalHydra.instance().config_loader()
        files = loader.compute_defaults_list(config, words, RunMode.RUN).defaults
    above: dict[Name, list[str]] = {}
    beside: dict[Name, list[str]] = {}
    titles = []
    for file in files:
        path = find_file(str(file.config_path))
        if path is None or str(file.config_path).startswith("hydra/"):
            continue
        comments = comments_of(path.read_text())
        package = tuple((file.package or "").split(".")) if file.package else ()
        above |= {package + name: lines for name, lines in comments.above.items()}
        beside |= {package + name: lines for name, lines in comments.beside.items()}
        if "/" in file.config_path and comments.title:
            titles.append(f"# {file.config_path}: {' '.join(comments.title)}")
    lines = list(_lines(OmegaConf.to_container(cfg, resolve=False), (), above, beside))
    return "\n".join([*titles, *lines])


def search_own_folders() -> list[str]:
    """The override with which Hydra finds the configs of `own_folders`."""
    return [f"hydra.searchpath={json.dumps([f'file://{folder}' for folder in own_folders])}"] if own_folders else []


def use_own_folder(folder: Path) -> None:
    """Look for configs in a folder too.

    Raises:
        ValueError: there is no such folder, or a file of it has the name of one of ours, which Hydra would take.
    """
    if not folder.is_dir():
        raise ValueError(f"--config-dir {folder}: there is no such folder")
    for path in sorted(folder.rglob("*.yaml")):
        if (CONF / path.relative_to(folder)).is_file():
            raise ValueError(
                f"{path} has the name of a config of hairgan, which would be used instead of it: give it another name"
            )
    own_folders.append(folder.absolute())


def find_file(name: str) -> Path | None:
    """The file of a config, such as `model/stargan`, in `CONF` or `own_folders`; None if there is none."""
    paths = (folder / f"{name}.yaml" for folder in (CONF, *own_folders))
    return next((path for path in paths if path.is_file()), None)


def choices() -> dict[str, list[str]]:
    """Group -> names of its files."""
    found: dict[str, set[str]] = {}
    for root in (CONF, *own_folders):
        for path in root.rglob("*.yaml"):
            if path.parent not in (root, root / "hydra"):
                found.setdefault(path.parent.relative_to(root).as_posix(), set()).add(path.stem)
    return {group: sorted(found[group]) for group in sorted(found)}


def comments_of(text: str) -> Comments:
    """The comments of a YAML file, by the settings they stand above or beside."""
    lines = text.splitlines()
    found = Comments()
    keys = {line: (name, end) for name, line, end in _keys(yaml.compose(text, LOADER), ())}
    waiting: list[str] = []
    last: tuple[Name, int] | None = None  # the setting whose comment may continue, and the column of its comment
    seen_key = False
    for number, line in enumerate(lines):
        stripped = line.strip()
        if number in keys:
            name, end = keys[number]
            if waiting:
                found.above[name] = waiting
            waiting, last, seen_key = [], None, True
            comment = re.search(r"(?:^|\s)#\s?(.*)$", line[end:])
            if comment:
                found.beside[name] = [comment.group(1)]
                last = (name, end + line[end:].index("#"))
        elif stripped.startswith("#"):
            comment_text = stripped[1:].removeprefix(" ")
            if last is not None and line.index("#") == last[1]:
                found.beside[last[0]].append(comment_text)
            elif not comment_text.startswith("@package"):
                waiting.append(comment_text)
        elif not stripped:
            last = None
            if not seen_key:
                found.title, waiting = found.title + waiting, []
        if number + 1 in keys and not seen_key and not found.title:
            found.title, waiting = waiting, []
    return found


def _keys(node: Any, name: Name) -> Iterator[tuple[Name, int, int]]:
    """Every setting with its line and the column at which its comment may begin; one setting per line."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return
    for key, value in node.value:
        full_name = (*name, str(key.value))
        line = key.start_mark.line
        inline = value.start_mark.line == line and value.end_mark.line == line
        yield full_name, line, value.end_mark.column if inline else key.end_mark.column
        yield from _keys(value, full_name)


def _lines(
    node: dict[Any, Any], name: Name, above: dict[Name, list[str]], beside: dict[Name, list[str]]
) -> Iterator[str]:
    indent = "  " * len(name)
    for key, value in node.items():
        full_name = (*name, str(key))
        if not name and (full_name in above or isinstance(value, dict)):
            yield ""
        yield from (f"{indent}# {line}".rstrip() for line in above.get(full_name, ()))
        start = f"{indent}{_scalar(key)}:"
        if not (isinstance(value, dict) and value):
            start += f" {_scalar(value)}"
        comment = beside.get(full_name, [])
        yield start + (f"  # {comment[0]}" if comment else "")
        yield from (f"{' ' * len(start)}  # {line}" for line in comment[1:])
        if isinstance(value, dict) and value:
            yield from _lines(value, full_name, above, beside)


def _scalar(value: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()
