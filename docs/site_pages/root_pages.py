"""Pages that lie in the root of the repository, where people look for them: CONTRIBUTING.md and CHANGELOG.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown, with links that hold where it is put."""
    texts = {name: ROOT / file for name, file in NAMES.items()}
    return {name: _relinked(path.read_text()) for name, path in texts.items() if path.is_file()}


def _relinked(text: str) -> str:
    return re.sub(r"\]\((?:\./)?docs/([\w./#-]+)\)", r"](../\1)", text)
