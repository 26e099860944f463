"""Every command in the pages is one that can be given today: its options exist, its settings compose and are accepted.

The commands of docs/start.md run in `test_examples.py`; trainings and evaluations are composed and checked as the
programs do before they start, not run.
"""

from __future__ import annotations

import re
import tomllib

import click
import pytest
from hydra import compose, initialize_config_dir

from benchmarks.names import BENCHMARKS
from hairgan.cli import COMMANDS, cli
from lightning_modules.launch import config_comments, settings
from lightning_modules.launch.command_line import for_hydra
from tests.conftest import ROOT
from tests.unit.docs.commands import PAGES, commands, lines

ALL = [(page, program, words) for page in PAGES for program, words in commands(page)]
CHECKS = {
    "train": ("config", settings.check_training),
    "sweep": ("config", settings.check_sweep),
    "evaluate": ("evaluate", settings.check_evaluation),
}
OWN = re.compile(r"\w+(/\w+)*=(my_\w+|mine)")
"""Files of users, as in `data/domains=my_domains`."""


def of(*programs: str) -> dict[tuple[str, ...], str]:
    """Words of the commands of some programs, each once -> a page that has it."""
    return {(program, *words): page.name for page, program, words in ALL if program in programs}


def test_there_are_commands():
    assert len(of("train")) > 40 and len(of("evaluate")) > 8 and len(of("hairgan")) > 30 and len(of("sweep")) > 3


def test_settings_in_the_pages_compose_and_are_accepted(monkeypatch):
    refused = []
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "8")
    with initialize_config_dir(str(config_comments.CONF), version_base="1.3"):
        for (program, *words), page in of("train", "sweep", "evaluate").items():
            config, check = CHECKS[program]
            given = [word for word in words if not word.startswith("--") and "hydra/launcher" not in word]
            given = [word for word in for_hydra(given) if not OWN.fullmatch(word)]
            several = [word for word in given if re.fullmatch(r"[\w.]+=[\w.]+(,[\w.]+)+", word)]  # a grid of Hydra's -m
            given = [word.split(",")[0] if word in several else word for word in given]
            if program == "evaluate" and not any(re.match("runs?=", word) for word in given):
                given.append("run=RUN")
            if program == "sweep" and not any(word.startswith("sweep=") for word in given):
                given.append("sweep=tpe")
            try:
                check(compose(config, given))
            except Exception as error:
                refused.append(f"{page}: {program}.py {' '.join(words)}: {error}")
    assert not refused, "\n".join(refused)


def test_options_in_the_pages_exist():
    refused = []
    for (_, *words), page in of("hairgan").items():
        name = next(iter(words), "--help")
        if name.startswith("-") or name.isupper():
            continue
        command = cli.get_command(click.Context(cli), name)
        if command is None:
            refused.append(f"{page}: there is no command hairgan {name}")
            continue
        try:
            _parse(command, words[1:])
        except click.BadOptionUsage as error:  # an option named without a value, within a sentence
            assert words[-1] == error.option_name, f"{page}: hairgan {' '.join(words)}: {error.format_message()}"
        except click.UsageError as error:
            refused.append(f"{page}: hairgan {' '.join(words)}: {error.format_message()}")
    assert not refused, "\n".join(refused)


def _parse(command: click.Command, words: list[str]) -> None:
    """Check the names of options, and values that are no paths; placeholders such as `COUNT` are accepted."""
    context = click.Context(command)
    values, _, _ = command.make_parser(context).parse_args(list(words))
    for parameter in command.params:
        given = values.get(str(parameter.name))
        if parameter.multiple or parameter.nargs != 1 or not isinstance(given, str) or given.isupper():
            continue
        if not isinstance(parameter.type, click.Path | click.types.StringParamType):
            parameter.type.convert(given, parameter, context)


@pytest.mark.parametrize("words", list(of(*{program for _, program, _ in ALL if "benchmarks/" in program})))
def test_benchmarks_in_the_pages_exist(words):
    program, *options = words
    text = (ROOT / program).read_text()
    for option in options:
        if option.startswith("--"):
            assert option in text, f"{program} {option}"


def test_names_of_benchmarks_in_the_pages_exist():
    found = [re.match(r"python3? -m benchmarks (?P<name>\w+)", line) for page in PAGES for line in lines(page)]
    named = {match["name"] for match in found if match}
    assert named and named - {"NAME"} <= {*BENCHMARKS, "all", "list", "compare", "page", "gpu"}


def test_extras_in_the_pages_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {name for page in PAGES for line in lines(page) for name in re.findall(r"(?:\.|hairgan)\[([\w,]+)\]", line)}
    assert named and {extra for names in named for extra in names.split(",")} <= set(extras)


def test_every_command_of_hairgan_is_in_the_pages():
    named = {
        words[0] if program == "hairgan" else program for _, program, words in ALL if program != "hairgan" or words
    }
    assert set(COMMANDS) <= named
