"""Names of files, modules and functions in the documentation are those of the code."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest

from hairgan.cli import ADDED
from hairgan.weights.trusted import PLUGINS
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = ROOT / "docs/architecture.md"
PACKAGES = ("src", "lightning_modules", "datamodules", "conf", "tests", "benchmarks", "docs")
FILES = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*.*")] + list(ROOT.glob("*.*"))

FILE = re.compile(r"(?<![\w./*-])([A-Za-z][\w/]*\.(?:py|yaml))\b")
OUTSIDE_THE_TREE = re.compile(r"(^|/)(my_\w*|mine|[A-Z]+)\.|^(card|config|config_as_written|run)\.yaml$")
"""Files of users, placeholders such as `MODEL.yaml`, and files that runs and bundles hold."""
DOTTED = re.compile(r"\b(?:hairgan|lightning_modules|datamodules)(?:\.[A-Za-z_]\w*)+")
SPAN = re.compile(r"`([^`]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist(page):
    tree = [path.relative_to(ROOT).as_posix() for path in FILES]
    named = {name for name in FILE.findall(page.read_text()) if not OUTSIDE_THE_TREE.search(name)}
    assert [name for name in sorted(named) if not any(f"/{path}".endswith(f"/{name}") for path in tree)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_dotted_names_can_be_imported(page):
    names = set(DOTTED.findall(page.read_text())) - {PLUGINS, ADDED}
    assert [name for name in sorted(names) if not _exists(name)] == []


def test_every_step_of_a_walk_is_in_its_file():
    rows = re.findall(r"^\| .* \| `(\S+\.py)` \| (`.*`) \|$", ARCHITECTURE.read_text(), re.MULTILINE)
    assert len(rows) > 40
    for file, names in rows:
        missing = set(SPAN.findall(names)) - _definitions(ROOT / file)
        assert not missing, f"{file} does not define {', '.join(missing)}"


def test_the_picture_of_layers_is_that_of_the_import_rules():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == ["hairgan"]]
    rules = [set(re.findall(r"\w+", layer)) for layer in layers]
    _, _, picture = ARCHITECTURE.read_text().partition("plain PyTorch: no Lightning, no Hydra, no wandb\n")
    drawn = picture.split("\n\n")[0].splitlines()
    assert len(drawn) == len(rules[1:])  # all but __main__
    for line, rule in zip(drawn, rules[1:], strict=True):
        words = set(line.split())
        assert words - {"..."} <= rule if "..." in words else rule <= words, line


def test_the_drawing_has_every_package():
    drawn = (ROOT / "docs/images/architecture.svg").read_text()
    packages = {path.parent.name for path in (ROOT / "src/hairgan").glob("*/__init__.py")}
    missing = [name for name in ("datamodules", "lightning_modules", *packages) if f">{name}<" not in drawn]
    assert len(packages) > 10 and not missing


def _definitions(path: Path) -> set[str]:
    """Functions, classes and `Class.method` of a file."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def _exists(name: str) -> bool:
    module, attributes = name, []
    while True:
        try:
            found = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _, attribute = module.rpartition(".")
            attributes.insert(0, attribute)
    for attribute in attributes:
        if not hasattr(found, attribute):
            return False
        found = getattr(found, attribute)
    return True
