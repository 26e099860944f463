"""`hairgan dye` and `hairgan restyle`, from files to files."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hairgan.cli import cli, main
from hairgan.editing.restyling import Restyler
from hairgan.editing.salon import Salon
from hairgan.editing.showing import sheet, write_video
from hairgan.networks.bisenet import BiSeNet
from hairgan.weights.cards import save_bundle
from tests.unit.editing.heads import (
    HeadGenerator,
    MeanColorSEAN,
    PaletteParser,
    ShapeEncoder,
    ShapeMapping,
    draw_labels,
    paint_head,
)


@pytest.fixture(autouse=True)
def salon(monkeypatch: pytest.MonkeyPatch) -> None:
    restyler = Restyler(HeadGenerator(), ShapeMapping(), ShapeEncoder(), None, ("short", "bob", "long"))
    salon = Salon(PaletteParser(), MeanColorSEAN(), restyler)
    monkeypatch.setattr(Salon, "from_bundle", classmethod(lambda cls, source, device, precision: salon))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    Image.fromarray(paint_head(draw_labels(200))).save(folder / "me.png")
    Image.fromarray(paint_head(draw_labels(160, 0.6), seed=1)).save(folder / "more" / "me.png")
    Image.fromarray(paint_head(draw_labels(200, 0.95, 0.38), hair=(170, 60, 190))).save(tmp_path / "her.png")
    return folder


def run(*arguments: object) -> Result:
    arguments = (*arguments, "--bundle", "b", "--aligned")
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)


def test_dye_one_photo(photos: Path, tmp_path: Path) -> None:
    result = run("dye", photos / "me.png", "--like", tmp_path / "her.png", "--compare")
    assert result.exit_code == 0 and "hair code" in result.output
    source, dyed = (np.asarray(Image.open(photos / name)) for name in ("me.png", "me_dyed.png"))
    changed = (source != dyed).any(axis=2)
    assert 0.1 < changed.mean() < 0.6
    with Image.open(photos / "me_dyed_compare.jpg") as compare:
        assert compare.size == (3 * 512 + 2 * 8, 512)


def test_json_and_video(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.cli.salon.VIDEO_FRAMES", 4)
    result = run("dye", photos / "me.png", "--color", "auburn", "--out", tmp_path / "out.png", "--video", "--json")
    answer = json.loads(result.output)
    assert answer["out"] == str(tmp_path / "out.png") and Path(answer["out"]).is_file()
    assert answer["color_error"] < 5 and "paint" in answer["milliseconds"]
    capture = cv2.VideoCapture(answer["video"])
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 4
    frames = [capture.read()[1].astype(int) for _ in range(4)]
    first, last = frames[0], frames[-1]
    source = np.asarray(Image.open(photos / "me.png"))[..., ::-1]
    assert np.abs(first - source).mean() < 6 < np.abs(last - first)[20:100, 40:160].mean()


def test_restyle_many_ways(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.cli.salon.VIDEO_FRAMES", 3)
    her = tmp_path / "her.png"
    pictures = []
    for i, how in enumerate(
        (
            ["--domain", "long", "--seed", 3, "--video"],
            ["--like", her],
            ["--domain", "short", "--color-like", her],
            ["--domain", "long", "--mode", "seed"],
            ["--domain", "bob", "--like", her, "--like", photos / "me.png", "--mix", 0.2, "--video"],
        )
    ):
        result = run("restyle", photos / "me.png", *how, "--out", tmp_path / f"{i}.png")
        assert result.exit_code == 0
        pictures.append((tmp_path / f"{i}.png").read_bytes())
    assert len(set(pictures)) == 5
    assert (tmp_path / "0.mp4").stat().st_size > 1000 and (tmp_path / "4.mp4").is_file()


def test_a_folder_of_sources(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_text("no picture")
    Image.fromarray(paint_head(draw_labels(200, length=0))).save(photos / "bald.png")
    result = run("dye", photos, "--color", "teal", "--batch", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert (tmp_path / "out" / "me_dyed.png").is_file() and (tmp_path / "out" / "more" / "me_dyed.png").is_file()
    assert "broken.jpg is not a picture" in result.stderr and "bald.png: the photo shows no hair" in result.stderr
    assert "2 of the batch failed" in result.stderr


def test_a_folder_of_references(photos: Path, tmp_path: Path) -> None:
    result = run("dye", tmp_path / "her.png", "--like", photos, "--batch", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert len(list((tmp_path / "out").glob("her_dyed_*.png"))) == 1, "two references of one name"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dye", "PHOTO"], "either what the hair is to be like"),
        (["dye", "PHOTO", "--color", "teal", "--like", "PHOTO"], "either what the hair is to be like"),
        (["dye", "PHOTO", "--like", "a", "--like", "b", "--like", "c"], "one reference, or two"),
        (["dye", "FOLDER", "--color", "teal"], "is a folder; give --batch"),
        (["dye", "FOLDER", "--color", "teal", "--batch"], "--out FOLDER"),
        (["dye", "nothing.png", "--color", "teal"], "No such file or directory: nothing.png"),
        (["restyle", "PHOTO"], "which domain"),
        (["restyle", "PHOTO", "--domain", "mullet"], "no domain 'mullet'"),
        (["restyle", "PHOTO", "--like", "PHOTO", "--video"], "give --like twice"),
    ],
)
def test_what_a_user_gets_wrong_ends_in_one_sentence(
    photos: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"PHOTO": str(photos / "me.png"), "FOLDER": str(photos)}
    with pytest.raises(SystemExit) as exit_info:
        main([named.get(argument, argument) for argument in arguments] + ["--bundle", "b", "--aligned"])
    assert message in str(exit_info.value) and "\n" not in str(exit_info.value)


def test_the_bundle_is_needed(photos: Path) -> None:
    result = CliRunner().invoke(cli, ["dye", str(photos / "me.png"), "--color", "teal"])
    assert result.exit_code == 2 and "HAIRGAN_BUNDLE" in result.output


def test_a_real_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Path) -> None:
    monkeypatch.undo()
    save_bundle(tmp_path / "b", {"parser": BiSeNet(base_width=4)})
    salon = Salon.from_bundle(tmp_path / "b")
    assert salon.restyler is None and salon.parser_size == 512
    subject = salon.subject(paint_head(draw_labels(200)), aligned=True)
    assert subject.labels.shape == (512, 512)


def test_help_is_quick() -> None:
    """Half a second on an idle machine; the bound here only tells apart whether torch is imported."""
    code = "import sys; from hairgan.cli import main; main(['--help'])"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    assert "restyle" in done.stdout and time.perf_counter() - start < 5
    heavy = {"torch", "numpy", "cv2", "PIL"}
    assert not heavy & {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}


def test_sheet_and_video_sizes(tmp_path: Path) -> None:
    picture: Any = np.zeros((300, 200, 3), np.uint8)
    assert sheet([picture, picture], 64).shape == (64, 43 + 1 + 43, 3)
    write_video(tmp_path / "odd.mp4", [picture[:151, :77]] * 2)
    assert cv2.VideoCapture(str(tmp_path / "odd.mp4")).get(cv2.CAP_PROP_FRAME_WIDTH) == 76
    with pytest.raises(ValueError, match="cannot write a video"):
        write_video(tmp_path / "no" / "folder.mp4", [picture])
