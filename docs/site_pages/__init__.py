"""The pages of the site that are made from the code: written under docs/reference when the site is built.

    sphinx-build -W --keep-going docs build/docs

Sphinx (docs/conf.py) calls `write_pages` before it looks for pages.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from site_pages import api_reference, command_reference, config_reference, recipes, root_pages

DOCS = Path(__file__).parents[1]
REFERENCE = DOCS / "reference"


def write_pages() -> None:
    """Write all generated pages; a page whose text has not changed keeps its time, so that Sphinx skips it."""
    pages = (
        api_reference.pages()
        | command_reference.pages()
        | config_reference.pages()
        | recipes.pages()
        | root_pages.pages()
    )
    for name, text in pages.items():
        path = REFERENCE / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
    for path in REFERENCE.rglob("*.md"):
        if path.relative_to(REFERENCE).with_suffix("").as_posix() not in pages:
            path.unlink()


def remove_pages() -> None:
    """Delete all generated pages."""
    shutil.rmtree(REFERENCE, ignore_errors=True)
