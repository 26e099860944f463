"""Config reference: every setting of `conf/` with its value and the comment beside it, as `--help` prints them.

A page per group, a section per choice, an entry per setting under the full name by which it is set on the command line.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from lightning_modules.launch.config_comments import CONF, Name, choices, comments_of

PROGRAMS = {
    "config": "Settings that all models share: `python train.py`, `python sweep.py`",
    "evaluate": "Settings of `python evaluate.py`",
}
SHOWN_WITH = {"callbacks/with_model": "callbacks", "data/domains": "data", "model/optimizer": "model"}
"""Group -> the group on whose page it is shown."""
AS_WRITTEN = ("experiment", "debug", "sweep")
"""Groups whose files are lists of values for settings of other groups: shown as they are."""
NOT_SHOWN = re.compile(r"debug/with_\w+|hydra")
INNER = ("_target_", "_partial_", "_convert_", "_recursive_")


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown."""
    groups = [group for group in choices() if group not in SHOWN_WITH and not NOT_SHOWN.fullmatch(group)]
    texts = {f"config/{name}": _program_page(name) for name in PROGRAMS}
    texts |= {f"config/{group}": _group_page(group) for group in groups}
    return {"config/index": _index(groups)} | texts


def anchor(file: str, name: str = "") -> str:
    """The anchor of a setting, or of a file."""
    return re.sub(r"[^\w.]+", "-", f"{file}.{name}".rstrip(".")).lower()


@functools.cache
def targets() -> dict[str, str]:
    """What may be named in a page (`model=sean`, `trainer.precision`) -> page and anchor, where there is one place."""
    found: dict[str, list[str]] = {}
    for page, file in _files():
        group, _, choice = file.rpartition("/")
        if group:
            found.setdefault(f"{group}={choice}", []).append(f"{page}#{anchor(file)}")
        if group in AS_WRITTEN:
            continue
        for name, _, _ in _settings(file):
            found.setdefault(name, []).append(f"{page}#{anchor(file, name)}")
    pages_of = {name: {place.partition("#")[0] for place in places} for name, places in found.items()}
    return {name: places[0] for name, places in found.items() if len(pages_of[name]) == 1}


def _files() -> Iterator[tuple[str, str]]:
    """Every file that is shown, with its page."""
    for name in PROGRAMS:
        yield f"reference/config/{name}", name
    for group, names in choices().items():
        if not NOT_SHOWN.fullmatch(group):
            for name in names:
                yield f"reference/config/{SHOWN_WITH.get(group, group)}", f"{group}/{name}"


def _index(groups: list[str]) -> str:
    rows = [f"| [{group}]({group}.md) | {' '.join(f'`{name}`' for name in choices()[group])} |" for group in groups]
    return "\n".join(
        [
            "# Config reference",
            "",
            "Made from the comments in `conf/`. `python train.py --help` prints the same for the composed config, and",
            "`python train.py model=sean --help` for another choice. Choose a file of a group with `GROUP=CHOICE`,",
            "and set a value by its full name:",
            "",
            "    python train.py model=sean trainer=gpu model.generator.width=32 steps=1000",
            "",
            "| group | choices |",
            "|---|---|",
            *rows,
            "",
            *(f"- [{text}]({name}.md)" for name, text in PROGRAMS.items()),
            "",
            "```{toctree}",
            ":hidden:",
            *PROGRAMS,
            *groups,
            "```",
            "",
        ]
    )


def _program_page(name: str) -> str:
    return "\n".join([f"# {PROGRAMS[name]}", "", *_entries(name), ""])


def _group_page(group: str) -> str:
    lines = [f"# {group}"]
    for member in [group, *(inner for inner, shown in SHOWN_WITH.items() if shown == group)]:
        for name in choices()[member]:
            lines += ["", *_section(member, name)]
    return "\n".join([*lines, ""])


def _section(group: str, name: str) -> list[str]:
    file = f"{group}/{name}"
    heading = f"{group.replace('/', ' ')} {name}" if group.endswith("with_model") else f"{group}={name}"
    return [f'<a id="{anchor(file)}"></a>', "", f"## {heading}", "", *_entries(file)]


def _entries(file: str) -> list[str]:
    """The description of a file, and its settings as a definition list."""
    text = (CONF / f"{file}.yaml").read_text()
    lines = [_escaped(" ".join(comments_of(text).title)), ""]
    if file.partition("/")[0] in AS_WRITTEN:
        written = re.sub(r"\A(#.*\n)*", "", text).strip()  # the description is above
        return [*lines, "```yaml", written, "```"]
    if based := _based_on(text):
        lines += [f"Based on {based}.", ""]
    for name, value, _ in _settings(file):
        shown = "" if isinstance(value, dict) and value else f" = `{_value(value)}`"
        lines += [f'<a id="{anchor(file, name)}"></a>`{name}`{shown}', f": {_escaped(meaning(file, name))}", ""]
    return lines


def meaning(file: str, name: str) -> str:
    """What a setting means: its comment, what it follows, or the comment of the setting that it repeats.

    That is the one of the group's `default`, or one of the same last name in its file (YAML's `*adam` has no comments).
    """
    ((value, comment),) = [found[1:] for found in _settings(file) if found[0] == name]
    if comment:
        return comment
    if follows := re.fullmatch(r"\$\{([\w.]+)\}", str(value)):
        return f"follows `{follows.group(1)}`"
    default = f"{file.partition('/')[0]}/default"
    same = (
        [text for other, _, text in _settings(default) if other == name] if (CONF / f"{default}.yaml").is_file() else []
    )
    last = name.rpartition(".")[2]
    repeated = [text for other, _, text in _settings(file) if other.rpartition(".")[2] == last]
    return next(filter(None, [*same, *repeated]), "")


@functools.cache
def _settings(file: str) -> list[tuple[str, Any, str]]:
    """Full name, value and comment of the settings of a file; sections only if they have a comment."""
    text = (CONF / f"{file}.yaml").read_text()
    comments = comments_of(text)
    prefix = _package(file, text)
    found = []
    for name, value in _flat(yaml.safe_load(text) or {}, ()):
        comment = " ".join([*comments.above.get(name, ()), *comments.beside.get(name, ())])
        if name[0] == "defaults" or (isinstance(value, dict) and value and not comment) or name[-1] in INNER:
            continue
        found.append((".".join((*prefix, *name)), value, comment))
    return found


def _flat(node: dict[str, Any], name: Name) -> Iterator[tuple[Name, Any]]:
    for key, value in node.items():
        yield (*name, str(key)), value
        if isinstance(value, dict) and value:
            yield from _flat(value, (*name, str(key)))


def _package(file: str, text: str) -> Name:
    if "/" not in file or text.startswith("# @package _global_"):
        return ()
    group = file.rpartition("/")[0]
    return tuple(("callbacks" if group == "callbacks/with_model" else group).split("/"))


def _based_on(text: str) -> str:
    """The other files that a file takes its values from."""
    entries = (yaml.safe_load(text) or {}).get("defaults", []) if text.strip() else []
    chosen = [entry if isinstance(entry, str) else _choice(entry) for entry in entries]
    return ", ".join(f"`{entry}`" for entry in chosen if entry and entry != "_self_")


def _choice(entry: dict[str, Any]) -> str:
    ((group, name),) = entry.items()
    if group.startswith(("optional", "hydra")) or "with_" in group or name is None:
        return ""
    names = ",".join(name) if isinstance(name, list) else str(name)
    return f"{group.removeprefix('override ').lstrip('/')}={names}"


def _value(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()


def _escaped(text: str) -> str:
    """A comment as Markdown: its code stays code, everything else is plain text."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([\\*_<\[\]|])", r"\\\1", part) for part in parts)
