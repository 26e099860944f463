import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hairgan.cli import cli, main
from hairgan.photos.parser import FaceParser
from tests.unit.labelling.painted import PaintParser, face, photo
from tests.unit.weights.test_sources import write_bundle, write_published_file, write_run


@pytest.fixture
def painted(tmp_path, monkeypatch):
    monkeypatch.setattr(FaceParser, "load", lambda source, device: FaceParser(PaintParser()))
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
    answer = json.loads(runner.invoke(cli, [*arguments, "--overwrite", "--json"], catch_exceptions=False).output)
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
    Image.fromarray(photo(0.5)).save(tmp_path / "me.png")
    with pytest.raises(SystemExit) as end:
        main(["parse", str(tmp_path / "me.png"), "--parser", str(tmp_path)])
    assert "is not a bundle" in str(end.value)


def test_existing_files_are_not_overwritten(painted):
    def refused(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["parse", *map(str, arguments), "--parser", "x", "--aligned"])
        return str(end.value)

    source = (painted / "1.png").rename(painted / "1_labels.png")
    Image.fromarray(photo(0.5)).save(painted / "1.png")
    before = source.read_bytes()
    assert "1_labels.png exists already: choose another name" in refused(painted / "1.png")
    assert "No such file" in refused(painted / "no.png")
    assert source.read_bytes() == before and len(list(painted.iterdir())) == 4
    (painted / "2_labels.png").mkdir()
    assert "2_labels.png is a folder" in refused(painted / "2.png", "--overwrite")


def test_numbers_are_numbers(tmp_path):
    result = CliRunner().invoke(cli, ["label", str(tmp_path), "--out", "x", "--parser", "x", "--min-confidence", "nan"])
    assert result.exit_code == 2 and "'nan' is not a number" in result.output
    result = CliRunner().invoke(cli, ["label", str(tmp_path), "--out", "x", "--parser", "x", "--min-confidence", "1.5"])
    assert result.exit_code == 2 and "1.5 is not between 0 and 1" in result.output


@pytest.mark.parametrize("write", [write_run, write_bundle, write_published_file])
def test_the_parser_is_a_run_a_bundle_or_a_published_file(tmp_path, write):
    """`hairgan parse` and `hairgan label` work with each of them."""
    source = write(tmp_path / "source")
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo(0.95, size=64)).save(tmp_path / "photos" / "a.png")
    arguments = ["--parser", str(source), "--aligned", "--device", "cpu"]
    run = CliRunner().invoke
    result = run(cli, ["parse", str(tmp_path / "photos" / "a.png"), "--out", str(tmp_path), *arguments])
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "a_labels.png") as labels:
        assert labels.size == (64, 64)
    result = run(cli, ["label", str(tmp_path / "photos"), "--out", str(tmp_path / "out"), "--size", "16", *arguments])
    crop_size = 512 if write is write_published_file else 64
    journal = (tmp_path / "out" / "journal.jsonl").read_text()
    assert f'"crop_size": {crop_size}' in journal and '"photo": "a.png"' in journal, result.output


def test_a_detector_of_the_user(painted, tmp_path, monkeypatch):
    """The detector is called, and its faces are aligned."""
    (tmp_path / "my_detector.py").write_text(
        "import numpy as np\n"
        "from hairgan.photos.faces import Face\n"
        "asked = []\n"
        "def find(photo):\n"
        "    asked.append(photo.shape)\n"
        "    h, w = photo.shape[:2]\n"
        "    points = [[.38, .48], [.62, .48], [.5, .62], [.41, .75], [.59, .75]]\n"
        "    return [Face(np.array(points) * [w, h])]\n"
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["parse", str(painted / "1.png"), "--parser", "x", "--detector"]
    result = CliRunner().invoke(cli, [*arguments, "my_detector:find"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert sys.modules["my_detector"].asked == [photo(0.95).shape]
    with pytest.raises(SystemExit, match=r"--detector my_detector:lost: .*must be MODULE:CALLABLE"):
        main([*arguments, "my_detector:lost"])
