"""`benchmarks/blind_pairs.py` hides which version is which, and counts what was said of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from benchmarks.blind_pairs import count, main, write_pairs


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Twelve dark pictures before, and light ones of the same names after."""
    for folder, value in (("before", 20), ("after", 220)):
        (tmp_path / folder).mkdir()
        for number in range(12):
            Image.new("RGB", (32, 32), (value,) * 3).save(tmp_path / folder / f"{number}_{'ab'[number % 2]}.png")
    Image.new("RGB", (32, 32)).save(tmp_path / "after" / "alone.png")
    return tmp_path / "before", tmp_path / "after"


def test_a_page_shows_both_in_an_order_that_only_the_answers_tell(folders, tmp_path) -> None:
    which = write_pairs(*folders, tmp_path / "pairs", per_page=1)
    assert set(which.values()) == {"A", "B"} and "alone" not in which and len(which) == 12
    for page, letter in enumerate(which.values()):
        picture = np.asarray(Image.open(tmp_path / "pairs" / f"page_{page:03}.png").convert("L")).astype(int)
        upper, lower = (half[:, -20:].mean() for half in np.split(picture[: len(picture) // 2 * 2], 2))
        assert (upper > lower) == (letter == "A")


def test_answers_are_counted_by_kind(folders, tmp_path) -> None:
    which = write_pairs(*folders, tmp_path / "pairs")
    other = {"A": "B", "B": "A"}
    answers = {name: letter if name.endswith("a") else other[letter] for name, letter in which.items()}
    answers["0_a"] = "same"
    counts = count(answers, which)
    assert counts == {"a": {"after": 5, "same": 1}, "b": {"before": 6}}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    said = CliRunner().invoke(main, ["--count", str(tmp_path / "answers.json"), str(tmp_path / "pairs")])
    assert said.output.splitlines()[-1] == "all: 5 after, 6 before, 1 same"
    with pytest.raises(ValueError, match="nobody: A is no answer to a pair"):
        count({"nobody": "A"}, which)


def test_folders_without_a_common_picture_are_refused(folders, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no picture of the same name"):
        write_pairs(folders[0], tmp_path / "empty", tmp_path / "pairs")
