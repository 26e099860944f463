"""Without a bundle, commands use the one that comes with hairgan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hairgan.cli import cli
from hairgan.portraits import portrait
from hairgan.regions import Region
from hairgan.weights.bundles import load_bundle
from hairgan.weights.shipped import REMARK, SHIPPED


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HAIRGAN_BUNDLE", raising=False)
    Image.fromarray(portrait(3, 5, 256).image).save(tmp_path / "me.png")
    return tmp_path / "me.png"


def test_the_shipped_bundle_is_whole_and_small() -> None:
    bundle = load_bundle(SHIPPED)
    assert "parser" in bundle.networks
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 20e6
    assert set(bundle.card["licence"].values()) == {"MIT"}


def test_a_drawn_person_is_dyed_with_no_bundle_named(photo: Path) -> None:
    result = CliRunner().invoke(cli, ["dye", str(photo), "--color", "auburn", "--aligned"])
    assert result.exit_code == 0, result.output
    assert REMARK in result.stderr
    before = portrait(3, 5, 256)
    with Image.open(photo.with_name("me_dyed.png")) as file:
        changed = (np.asarray(file) != before.image).any(axis=2)
    hair = before.labels == Region.HAIR
    assert changed[hair].mean() > 0.8
    assert changed[~hair].mean() < 0.1


def test_what_the_shipped_parser_sees(photo: Path) -> None:
    result = CliRunner().invoke(cli, ["parse", str(photo), "--aligned"])
    assert result.exit_code == 0, result.output
    with Image.open(photo.with_name("me_labels.png")) as file:
        seen = np.asarray(file) == Region.HAIR
    true = portrait(3, 5, 256).labels == Region.HAIR
    assert (seen & true).sum() / (seen | true).sum() > 0.85


def test_weights_shows_the_card() -> None:
    result = CliRunner().invoke(cli, ["weights"])
    assert result.exit_code == 0
    assert "parser" in result.output and "sha256" in result.output
