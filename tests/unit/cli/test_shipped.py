"""Without a bundle, commands use the one that comes with hairgan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hairgan.cli import cli
from hairgan.portraits import Hairstyle, Identity, draw, portrait
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
    assert {"parser", "hair_layout"} <= set(bundle.networks)
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


def restyled(photo: Path, *options: str) -> np.ndarray:
    result = CliRunner().invoke(cli, ["restyle", str(photo), "--aligned", "--overwrite", *options])
    assert result.exit_code == 0, result.output
    assert REMARK in result.stderr
    with Image.open(photo.with_name("me_restyled.png")) as file:
        return np.asarray(file)


def test_a_drawn_person_is_restyled_with_no_bundle_named(photo: Path, tmp_path: Path) -> None:
    """The result is nearer to the person drawn with that hair than the photo was, inside the hair and over all."""
    person, wanted = Identity.sample(3, 5), Hairstyle.sample(3, 14)
    before, truth = draw(person, Hairstyle.sample(3, 5), 256), draw(person, wanted, 256)
    Image.fromarray(draw(Identity.sample(3, 14), wanted, 256).image).save(tmp_path / "her.png")
    her = str(tmp_path / "her.png")
    image = restyled(photo, "--like", her, "--color-like", her).astype(float)
    hair = (before.labels == Region.HAIR) | (truth.labels == Region.HAIR)
    error, error_of_photo = (
        np.abs(picture - truth.image)[hair].mean() for picture in (image, before.image.astype(float))
    )
    assert error < 0.6 * error_of_photo
    assert (image == before.image)[~hair].mean() > 0.9


def test_a_domain_needs_no_reference(photo: Path) -> None:
    short, long = (restyled(photo, "--domain", name) for name in ("short", "long_straight"))
    assert (short != long).mean() > 0.05


def test_what_the_shipped_parser_sees(photo: Path) -> None:
    result = CliRunner().invoke(cli, ["parse", str(photo), "--aligned"])
    assert result.exit_code == 0, result.output
    with Image.open(photo.with_name("me_labels.png")) as file:
        seen = np.asarray(file) == Region.HAIR
    true = portrait(3, 5, 256).labels == Region.HAIR
    assert (seen & true).sum() / (seen | true).sum() > 0.85


def test_weights_shows_a_short_table_and_on_request_the_card_of_a_part() -> None:
    table = CliRunner().invoke(cli, ["weights"])
    lines = [line.split() for line in table.output.splitlines()]
    assert table.exit_code == 0 and len(lines) == 6 and lines[0] == ["part", "network", "parameters", "file", "license"]
    assert lines[1] == ["parser", "BiSeNet", "1,831,848", "3.7", "MB", "MIT"]
    card = CliRunner().invoke(cli, ["weights", "--part", "parser"]).output
    assert "sha256: " in card and "licence: MIT" in card and "step: 3958" in card and "HairClassifier" not in card
    missing = CliRunner().invoke(cli, ["weights", "--part", "parsr"])
    assert missing.exit_code == 2 and "has no part 'parsr'; it has parser, hair_layout, classifier" in missing.output
