"""The commands in the pages: from code blocks, fenced or indented, and from code within text."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.conftest import ROOT

PAGES = [
    path
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    if path.name != "CHANGELOG.md"  # commands of earlier versions
]

START = re.compile(
    r"^(?:\$ )?(?:[A-Z_]+=\S+ )*"  # a prompt, variables
    r"(?:(?:srun|torchrun)(?: --?[\w-]+(?:[= ][\w.:]+)?)* )?"  # launchers with their options
    r"(?:(?:\.venv/bin/)?python3? |(?=hairgan)|(?<=[\w\]=] )(?=train|evaluate))"  # torchrun starts it without python
    r"(?P<program>(?:train|evaluate|sweep)\.py|hairgan|benchmarks/\w+\.py)(?= |$)"
)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def lines(page: Path) -> list[str]:
    """The lines of a page's code, continued lines joined, and every code within text."""
    found, inside = [], False
    text = page.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif inside or line.startswith("    "):
            found += line.strip().split(" && ")
        else:
            found += SPAN.findall(line)
    return found


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """Program (`train`, `evaluate`, `sweep`, `hairgan`, `benchmarks/NAME.py`) and its words, for every command."""
    found = []
    for line in lines(page):
        start = START.match(line)
        if start is None:
            continue
        program = start.group("program").removesuffix("" if "benchmarks/" in line else ".py")
        try:
            words = shlex.split(line[start.end() :], comments=True)
        except ValueError as error:
            raise AssertionError(f"{page.name}: {line}: {error}") from None
        words = [word for word in words if "..." not in word and "<" not in word and word != "-m"]
        for option in {"--cfg", "--config-dir"} & set(words):  # options of Hydra with a value
            del words[words.index(option) : words.index(option) + 2]
        if program == "hairgan" and words[:1] in (["train"], ["evaluate"], ["sweep"]):
            program, words = words[0], words[1:]
        found.append((program, words))
    return found
