"""The public names: each imports, docs/api.md has the same ones, and importing the packages loads nothing heavy."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import hairgan
from hairgan.networks import StarGANv2MappingNetwork
from hairgan.networks.stargan import MappingNetwork
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()
SECTIONS = dict(re.findall(r"^## (hairgan[\w.]*)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("package", SECTIONS)
def test_the_page_has_the_public_names(package: str) -> None:
    module = importlib.import_module(package)
    rows = re.findall(r"^- (.*?):", SECTIONS[package], flags=re.MULTILINE)
    named = [word for row in rows for word in row.split(", ")]
    assert sorted(named) == sorted(f"`{name}`" for name in module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None and name in dir(module)


@pytest.mark.parametrize("package", SECTIONS)
def test_names_that_cannot_be_public(package: str) -> None:
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = module.nothing
    modules = {found.name for found in pkgutil.iter_modules(module.__path__)}
    assert not modules & set(module.__all__), "a module of the same name hides it once it is imported"


def test_all_packages_are_on_the_page() -> None:
    packages = {f"hairgan.{found.name}" for found in pkgutil.iter_modules(hairgan.__path__) if found.ispkg}
    assert set(SECTIONS) - {"hairgan"} == packages - {"hairgan.cli", "hairgan.app"}


def test_names_of_a_package_can_differ_from_those_of_its_modules() -> None:
    assert StarGANv2MappingNetwork is MappingNetwork


def test_torch_is_imported_with_the_first_name_that_needs_it() -> None:
    imports = ", ".join(SECTIONS)
    code = f"import sys; import {imports}; assert 'torch' not in sys.modules; hairgan.Salon; sys.modules['torch']"
    subprocess.run([sys.executable, "-c", code], check=True)
