"""`hairgan portraits` writes what the real reader reads, the same on any number of processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hairgan.cli.portraits import portraits
from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.portraits import Portrait, portrait, randomized
from hairgan.regions import resize_labels


def run(out: Path, *options: str) -> str:
    arguments = [str(out), "--count", "3", "--size", "32", "--seed", "3", *options]
    return CliRunner().invoke(portraits, arguments, catch_exceptions=False).output


def test_written_portraits_are_read_back(tmp_path: Path) -> None:
    output = run(tmp_path / "people", "--workers", "1", "--zip")
    assert f"next: hairgan prepare {tmp_path / 'people.zip'} --size 32" in output
    dataset = CelebAMaskHQ.open(tmp_path / "people.zip")
    assert len(dataset) == 3
    for index in range(3):
        drawn = portrait(3, index, 32)
        np.testing.assert_array_equal(resize_labels(dataset.read_labels(index), 32), drawn.labels)
        annotated = dataset.read_attributes(index)
        assert {key: drawn.attributes[key] for key in annotated.keys() & drawn.attributes.keys()} == {
            key: annotated[key] for key in annotated.keys() & drawn.attributes.keys()
        }
        assert annotated.keys() >= {key for key in drawn.attributes if not key.startswith("hair_")}


def test_processes_do_not_matter(tmp_path: Path) -> None:
    run(tmp_path / "one", "--workers", "1")
    run(tmp_path / "two", "--workers", "2")
    files = {path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").rglob("*.*g")}
    others = {path.relative_to(tmp_path / "two"): path.read_bytes() for path in (tmp_path / "two").rglob("*.*g")}
    assert len(files) > 3 * 5 and files == others


@pytest.mark.parametrize(("style", "draw"), [("randomized", randomized.portrait), ("hard", randomized.hard_portrait)])
def test_the_style_is_drawn_that_was_asked_for(
    tmp_path: Path, style: str, draw: Callable[[int, int, int], Portrait]
) -> None:
    run(tmp_path / "people", "--workers", "1", "--style", style)
    dataset = CelebAMaskHQ.open(tmp_path / "people")
    for index in range(3):
        expected = draw(3, index, 32).labels
        np.testing.assert_array_equal(resize_labels(dataset.read_labels(index), 32), expected)
