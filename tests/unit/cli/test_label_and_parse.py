import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hairgan.cli import cli, main
from hairgan.labelling import bundles
from hairgan.networks.bisenet import BiSeNet
from hairgan.weights.cards import save_bundle
from tests.unit.labelling.painted import PaintParser, face, photo


@pytest.fixture
def painted(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "load_parser", lambda source, device: PaintParser())
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, bottom in enumerate((0.5, 0.95, 0.95)):
        Image.fromarray(photo(bottom)).save(folder / f"{i}.png")
    return folder


def test_parse(painted):
    runner = CliRunner()
    arguments = ["parse", str(painted / "1.png"), "--parser", "x", "--aligned"]
    result = runner.invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    with Image.open(painted / "1_labels.png") as labels:
        assert np.array_equal(np.asarray(labels), face(0.95))
    hair = (face(0.95) == 13).mean()
    assert f"hair       {100 * hair:6.2f} %" in result.output
    answer = json.loads(runner.invoke(cli, [*arguments, "--json"], catch_exceptions=False).output)
    assert answer["shares"]["hair"] == pytest.approx(hair)
    assert answer["overlay"] == str(painted / "1_overlay.jpg")


def test_label(painted, tmp_path):
    out = tmp_path / "out"
    (painted / "text.png").write_text("text")
    arguments = [
        "label",
        str(painted),
        "--out",
        str(out),
        "--parser",
        "x",
        "--aligned",
        "--size",
        "64",
        "--workers",
        "1",
    ]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "3 photos labelled, 0 of them doubtful" in result.output
    assert "short 1" in result.output
    assert "skipped: text.png is not a picture" in result.output
    assert (out / "packed" / "manifest.json").is_file()


def test_mistakes_are_one_sentence(tmp_path):
    with pytest.raises(SystemExit) as end:
        main(["label", str(tmp_path), "--out", str(tmp_path / "out"), "--parser", str(tmp_path)])
    assert str(end.value).startswith(f"hairgan: {tmp_path}: looked for photos")
    with pytest.raises(SystemExit) as end:
        main(["parse", str(tmp_path / "no.jpg"), "--parser", str(tmp_path)])
    assert "is no bundle" in str(end.value)


def test_networks_come_out_of_bundles(tmp_path):
    save_bundle(tmp_path / "bundle", {"parser": BiSeNet(base_width=4)})
    parser = bundles.load_parser(str(tmp_path / "bundle"))
    assert isinstance(parser, BiSeNet)
    assert not parser.training
    with pytest.raises(ValueError, match=r"one hair classifier, found 0 among its parts \(parser: BiSeNet\)"):
        bundles.load_classifier(str(tmp_path / "bundle"))
