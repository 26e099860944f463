"""The composed config with the comments of the files it comes from: what `--help` prints."""

from __future__ import annotations

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

CONF = Path(__file__).resolve().parents[2] / "conf"

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
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(config, list(overrides))
        loader = GlobalHydra.instance().config_loader()
        files = loader.compute_defaults_list(config, list(overrides), RunMode.RUN).defaults
    above: dict[Name, list[str]] = {}
    beside: dict[Name, list[str]] = {}
    titles = []
    for file in files:
        path = CONF / f"{file.config_path}.yaml"
        if file.config_path is None or not path.is_file() or file.config_path.startswith("hydra/"):
            continue
        comments = comments_of(path.read_text())
        package = tuple((file.package or "").split(".")) if file.package else ()
        above |= {package + name: lines for name, lines in comments.above.items()}
        beside |= {package + name: lines for name, lines in comments.beside.items()}
        if "/" in file.config_path and comments.title:
            titles.append(f"# {file.config_path}: {' '.join(comments.title)}")
    lines = list(_lines(OmegaConf.to_container(cfg, resolve=False), (), above, beside))
    return "\n".join([*titles, *lines])


def choices() -> dict[str, list[str]]:
    """Group -> names of its files."""
    folders = sorted({path.parent for path in CONF.rglob("*.yaml")} - {CONF, CONF / "hydra"})
    return {str(folder.relative_to(CONF)): sorted(path.stem for path in folder.glob("*.yaml")) for folder in folders}


def comments_of(text: str) -> Comments:
    """The comments of a YAML file, by the settings they stand above or beside."""
    lines = text.splitlines()
    found = Comments()
    keys = {line: (name, end) for name, line, end in _keys(yaml.compose(text), ())} if yaml.compose(text) else {}
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
