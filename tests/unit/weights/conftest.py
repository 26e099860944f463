"""Code of a user, outside of hairgan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hairgan.weights.trusted import trusting


@pytest.fixture(autouse=True)
def nothing_stays_trusted() -> Iterator[None]:
    with trusting(None):
        yield


@pytest.fixture
def my_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of somebody's own, in the current directory, which leaves a mark when it runs."""
    file = tmp_path / "my_net.py"
    file.write_text(
        "from pathlib import Path\nfrom torch import nn\nPath('ran').touch()\nclass Mine(nn.Linear): pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path
