"""The command line before Hydra reads it and before slow imports: help, `GROUP=null`, checks of the settings."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from hairgan import programs
from hairgan.moved import current_name
from lightning_modules.launch import config_comments, settings
from lightning_modules.launch.errors import errors_as_sentences
from lightning_modules.launch.log_filters import keep_lightning_apart
from lightning_modules.launch.settings.consistency import SET_FROM_DATA
from lightning_modules.launch.settings.families import DATA, FAMILIES

CHECKS = {
    "train.py": ("config", "check_training"),
    "sweep.py": ("config", "check_sweep"),
    "evaluate.py": ("evaluate", "check_evaluation_of_runs"),
}
"""Program -> its config, and the function of `settings` that checks it."""

ASKS_HYDRA = (
    "hydra_help", "version", "cfg", "info", "shell_completion",
    "config_path", "config_name", "experimental_rerun",
)  # fmt: skip
"""Options of Hydra that start no run, or one of another config than ours."""


def prepare(program: str) -> None:
    """Print help, or check the command line and pass it on to Hydra in `sys.argv`. Call it before all other imports.

    `GROUP=null` becomes `GROUP=none`, or is left out where a group needs no choice. `init=SOURCE` becomes
    `init.source=SOURCE`. For a run that is continued, the choices of its model and data are added, so that their
    settings can be overridden.
    """
    config, check = CHECKS[program]
    with errors_as_sentences(program):
        _check_current_folder()
        _find_own_parts()
        given = sys.argv[1:]
        folder, without_folder = split_config_dir(given)
        if folder is not None:
            config_comments.use_own_folder(folder)
        if {"--help", "-h"} & set(given):
            print(help_text(program, [word for word in without_folder if not word.startswith("-")]))
            sys.exit(0)
        words = for_hydra(given)
        if config == "config":
            first = next((i for i, word in enumerate(words) if not word.startswith("-")), 0)
            words[first:first] = choices_of_run(words)  # after -m: options of Hydra must not stand between overrides
        sys.argv[1:] = words
        starts = overrides_of_starts(split_config_dir(words)[1])
        keep_lightning_apart()
        if not starts:
            return
        check_config: Callable[[DictConfig], None] = getattr(settings, check)
        with initialize_config_dir(str(config_comments.CONF), version_base="1.3"):
            for overrides in starts:
                cfg = compose(config, [*overrides, *config_comments.search_own_folders()])
                for name in SET_FROM_DATA:
                    if cfg.get(name) is not None:
                        raise ValueError(f"{name} is set from the data, not on the command line")
                check_config(cfg)


def overrides_of_starts(words: Sequence[str]) -> list[list[str]]:
    """The overrides of what a command line starts; none if it only asks Hydra for something, such as `--cfg job`.

    Of the jobs of a sweep (`-m`) these are enough for each value to be in one of them. Jobs that another sweeper or a
    list of jobs' settings decides on are not known here; each is checked when it starts.
    """
    options = get_args_parser().parse_args(list(words))
    if any(getattr(options, name, None) for name in ASKS_HYDRA):
        return []
    if not options.multirun:
        return [options.overrides]
    parsed = OverridesParser.create().parse_overrides(options.overrides)
    if any(override.key_or_group == "hydra/sweeper" for override in parsed):
        return []
    seen: set[str] = set()
    starts = []
    for job in BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]:
        if not seen.issuperset(job):
            starts.append(list(job))
            seen.update(job)
    return starts


def _check_current_folder() -> None:
    try:
        Path.cwd()
    except OSError:
        raise ValueError("the current folder no longer exists: change to another one") from None


def _find_own_parts() -> None:
    """Let configs name the user's modules in the current folder; installed ones come first."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def split_config_dir(words: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The folder of Hydra's option `--config-dir`, and the other words.

    Raises:
        ValueError: the option has no folder.
    """
    folder, others, rest = None, [], iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if option not in ("--config-dir", "-cd"):
            others.append(word)
            continue
        value = value if equals else next(rest, "")
        if not value:
            raise ValueError(f"{option} needs a folder with configs of your own, such as {option} my_conf")
        folder = Path(value)
    return folder, others


def for_hydra(words: Sequence[str]) -> list[str]:
    """The words of a command line as Hydra reads them: `without_null`, then `with_source`."""
    return [with_source(word) for word in map(without_null, words) if word is not None]


def without_null(word: str) -> str | None:
    """A word of the command line, where `GROUP=null` is replaced by `GROUP=none`; None if the word is to be left out.

    Raises:
        ValueError: the group needs a choice, or several were made.
    """
    if re.match(r"[+~]*(=|$)", word):
        raise ValueError(f"'{word}' names no setting; the form is NAME=VALUE")
    several = re.fullmatch(r"(\w+)=\[(.*)\]", word)
    if several and several.group(1) in config_comments.choices():
        chosen = [choice.strip() for choice in several.group(2).split(",")]
        if len(chosen) > 1 and "none" in chosen:
            raise ValueError(f"{word}: none cannot be combined with other choices")
        if len(chosen) > 1 and several.group(1) != "logger":
            raise ValueError(f"{word}: choose only one {several.group(1)}")
    found = re.fullmatch(r"~?(\w+)=(null|\[\]|None|none|~)", word) or re.fullmatch(r"~(\w+)(=.*)?", word)
    group = found.group(1) if found else ""
    if group not in config_comments.choices():
        return word
    if config_comments.find_file(f"{group}/none"):
        return f"{group}=none"
    if group in ("sweep", "experiment", "debug"):
        return None
    raise ValueError(f"choose a {group}: {', '.join(config_comments.choices()[group])}")


def with_source(word: str) -> str:
    """A word of the command line, where `init=SOURCE` is replaced by `init.source=SOURCE`, a setting beside others."""
    return re.sub(r"^(\+{0,2})init=(?!\{)", r"\1init.source=", word)


def choices_of_run(words: Sequence[str]) -> list[str]:
    """The choices of model and data of the run to continue or repeat, where they are not given."""
    words_by_name = dict(word.split("=", 1) for word in words if "=" in word)
    run = Path(words_by_name.get("resume") or words_by_name.get("reproduce") or "auto")
    run = run.parent.parent if run.suffix == ".ckpt" else run
    try:
        config = yaml.safe_load((run / "config.yaml").read_text())
        of_run = {
            "model": FAMILIES.get(current_name(str(config["model"]["_target_"]))),
            "data": DATA.get(current_name(str(config["data"]["_target_"]))),
        }
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return []  # reported when the run is read in full
    return [f"{group}={name}" for group, name in of_run.items() if name and group not in words_by_name]


def help_text(program: str, words: Sequence[str]) -> str:
    """Usage of a program, the choices of its groups, and its config with comments."""
    config, _ = CHECKS[program]
    typed = programs.command(program.removesuffix(".py"))
    groups = {
        g: names
        for g, names in config_comments.choices().items()
        if config == "config" and g != "paths" and "/with_" not in g
    }
    width = max((len(group) for group in groups), default=0)
    return "\n".join(
        [
            f"Usage: {typed} " + ("[GROUP=CHOICE] " if groups else "") + "[NAME=VALUE] ...",
            "",
            *(f"  {group:<{width}}  {' | '.join(names)}" for group, names in groups.items()),
            *([""] if groups else []),
            f"The config of `{' '.join([typed, *words])}`. Set a value by its full name (paths.outputs=DIR):",
            "",
            config_comments.with_comments(config, for_hydra(words)),
            "",
            "--cfg job prints the config without comments; --hydra-help lists Hydra's own options.",
        ]
    )
