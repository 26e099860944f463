"""What is printed before a run: that it goes on with other data than it trained on before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lightning_modules.launch.summary import _change_of_data

NOW: dict[str, Any] = {"path": "data/b", "fingerprint": "22", "counts": {"train": {"all": 8}, "val": {"all": 2}}}


def test_other_data_is_said(tmp_path: Path) -> None:
    before = {"path": "data/a", "fingerprint": "11", "counts": {"train": {"all": 6}, "val": {"all": 2}}}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump([{"dataset": NOW}, {"dataset": before}]))
    text = _change_of_data(tmp_path, NOW)
    assert "8 images in data/a, fingerprint 11; now 10 images, fingerprint 22" in text


@pytest.mark.parametrize("history", [[{"dataset": NOW}], [], [{}], [{"dataset": None}], "text"])
def test_nothing_is_said_otherwise(tmp_path: Path, history: Any) -> None:
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(history))
    assert _change_of_data(tmp_path, NOW) == ""
