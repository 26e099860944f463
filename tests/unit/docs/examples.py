"""The example files in the pages, as they are written there."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def example(page: str, start: str) -> str:
    """The code block of a page of docs/ whose first line begins with `# START`.

    It must fit into the 40 lines that an example may have.
    """
    blocks = re.findall(
        r"^```(?:python|yaml)\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL
    )
    (found,) = [block for block in blocks if block.startswith(f"# {start}")]
    assert len(found.splitlines()) <= 40
    return found
