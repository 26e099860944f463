"""What users are told to install exists."""

from __future__ import annotations

import re
import tomllib

from hairgan.extras import how_to_install
from tests.conftest import ROOT


def test_every_extra_that_is_named_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    texts = [
        file.read_text()
        for folder in ("src", "lightning_modules", "datamodules", "conf", "docs")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".yaml", ".md")
    ]
    texts += [(ROOT / "README.md").read_text(), *(file.read_text() for file in ROOT.glob("*.py"))]
    asked = [extra for text in texts for extra in re.findall(r"install[^\n]*\.\[(\w+)\]", text)]
    asked += [extra for text in texts for extra in re.findall(r"how_to_install\([\"'](\w+)", text)]
    assert len(set(asked)) > 5 and set(asked) <= set(extras)
    assert how_to_install("onnx") == "pip install -e '.[onnx]'"
    assert not [text for text in texts if re.search(r"install[^\n]*hairgan\[", text)], "no package index has hairgan"
