"""`hairgan dye` and `hairgan restyle`, from files to files."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hairgan.cli import cli, main
from hairgan.editing.salon import Salon
from hairgan.editing.video import write_video
from hairgan.networks.face_parser import BiSeNet
from hairgan.photos.opening import open_photo
from hairgan.pictures import GAP
from hairgan.weights.bundles import save_bundle
from tests.unit.heads import (
    MeanColorSEAN,
    PaletteParser,
    draw_labels,
    head_restyler,
    paint_head,
)
from tests.unit.photos.profiles import DISPLAY_P3


@pytest.fixture(autouse=True)
def salon(monkeypatch: pytest.MonkeyPatch) -> None:
    restyler = head_restyler()
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
        assert compare.size == (3 * 512 + 4 * GAP, 512 + 2 * GAP)


def test_json_and_video(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.cli.edit_run.VIDEO_FRAMES", 4)
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
    monkeypatch.setattr("hairgan.cli.edit_run.VIDEO_FRAMES", 3)
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
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"her_dyed_me.png", "her_dyed_more-me.png"}


def test_results_keep_profile_exif_and_resolution(photos: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.update({0x010F: "camera", 0x0112: 1})
    with Image.open(photos / "me.png") as image:
        image.save(photos / "p3.png", icc_profile=DISPLAY_P3, exif=exif, dpi=(300, 300))
    assert run("dye", photos / "p3.png", "--color", "teal").exit_code == 0
    before, after = open_photo(photos / "p3.png"), open_photo(photos / "p3_dyed.png")
    assert after.profile is not None and after.profile.data == DISPLAY_P3
    assert after.exif == {0x010F: "camera"} and after.dpi == before.dpi
    same = (before.pixels == after.pixels).all(axis=2)
    assert 0.4 < same.mean() < 0.9
    result = run("dye", photos / "p3.png", "--color", "teal", "--out", tmp_path / "out.jpg", "--quality", 80, "--json")
    assert json.loads(result.output)["lossless"] is False
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.format == "JPEG" and image.info["icc_profile"] == DISPLAY_P3
    result = run("dye", photos / "me.png", "--color", "teal", "--out", tmp_path / "lossy.jpg")
    assert "lossy: pixels outside the edit differ a little" in result.output


def test_files_are_not_overwritten_without_the_option(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (photos / "me.png").read_bytes()

    def refused(*arguments: object) -> str:
        with pytest.raises(SystemExit) as end:
            main([*map(str, arguments), "--color", "teal", "--bundle", "b", "--aligned"])
        return str(end.value)

    (photos / "link.png").symlink_to("me.png")
    for out in (photos / "me.png", photos / "link.png", photos / "more" / ".." / "me.png"):
        assert "one of the photos themselves" in refused("dye", photos / "me.png", "--out", out, "--overwrite")
    assert run("dye", photos / "me.png", "--color", "teal").exit_code == 0
    dyed = (photos / "me_dyed.png").read_bytes()
    assert "me_dyed.png exists already" in refused("dye", photos / "me.png")
    (photos / "new_compare.jpg").write_text("a user's own")
    assert "new_compare.jpg exists" in refused("dye", photos / "me.png", "--compare", "--out", photos / "new.png")
    assert not (photos / "new.png").exists()
    assert "me.png is not a folder" in refused("dye", photos / "me.png", "--out", photos / "me.png" / "deeper")
    assert "ends in none of .png" in refused("dye", photos / "me.png", "--out", photos / "new.gif")
    assert "is lossless" in refused("dye", photos / "me.png", "--quality", 80)
    assert (photos / "me.png").read_bytes() == before and (photos / "me_dyed.png").read_bytes() == dyed
    assert run("dye", photos / "me.png", "--color", "red", "--overwrite").exit_code == 0
    assert (photos / "me_dyed.png").read_bytes() != dyed


def test_results_of_a_batch_have_different_names(photos: Path, tmp_path: Path) -> None:
    with Image.open(photos / "me.png") as image:
        image.save(photos / "me.bmp")
        image.save(photos / f"{'x' * 250}.png")
        image.save(photos / os.fsdecode(b"caf\xe9.png"))
    for out in (photos / "out", photos / "out"):  # inside the folder of sources, twice
        result = run("dye", photos, "--color", "teal", "--batch", "--out", out, "--overwrite")
        assert result.exit_code == 0, result.stderr
        names = {path.name for path in out.iterdir()}
        assert len(names) == 5 and {"me.png_dyed.png", "me.bmp_dyed.png", "more"} <= names
        assert os.fsdecode(b"caf\xe9_dyed.png") in names and "caf\\xe9_dyed.png" in result.output
        assert sum(len(files) for _, _, files in os.walk(out)) == 5
    again = run("dye", photos, "--color", "teal", "--batch", "--out", photos / "out")
    assert again.exit_code == 1 and "5 of the batch failed" in again.stderr and "exists already" in again.stderr
    assert "folders of results (1)" in again.stderr
    with pytest.raises(ValueError, match="cannot hold the results as well"):
        run("dye", photos, "--color", "teal", "--batch", "--out", photos)


def test_a_batch_continues_after_a_bad_photo(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Salon.parse

    def failing(salon: Salon, photo: Any, aligned: bool) -> Any:
        if photo.shape[0] == 160:
            raise RuntimeError("out of memory")
        return subject(salon, photo, aligned)

    monkeypatch.setattr(Salon, "parse", failing)
    os.mkfifo(photos / "pipe.png")
    (photos / "gone.png").symlink_to("nowhere.png")
    (photos / "again").symlink_to(".")
    result = run("dye", photos, "--color", "teal", "--batch", "--out", tmp_path / "out")
    assert result.exit_code == 1 and "me.png: out of memory" in result.stderr
    assert "pipes, sockets or devices (1)" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["me_dyed.png"]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):  # the disk is full: the other photos would fail as well
        run("dye", photos, "--color", "teal", "--batch", "--out", tmp_path / "full")


def test_references_that_cannot_be_used(photos: Path, tmp_path: Path) -> None:
    """If none of the references can be used there is no result, even if a domain is given."""
    refs = tmp_path / "refs"
    refs.mkdir()
    (refs / "text.jpg").write_text("text")
    Image.fromarray(paint_head(draw_labels(200, length=0))).save(refs / "bald.png")
    how = ["--domain", "bob", "--batch", "--out", tmp_path / "out"]
    (refs / "bald.png").rename(tmp_path / "bald.png")
    with pytest.raises(ValueError, match=r"none of the 1 references in .* can be used"):
        run("restyle", photos / "me.png", "--like", refs, *how)
    with pytest.raises(ValueError, match=r"text\.jpg is not a picture"):
        run("restyle", photos, "--like", refs / "text.jpg", *how)
    with pytest.raises(ValueError, match=r"text\.jpg is not a picture"):
        run(
            "restyle",
            photos,
            "--domain",
            "bob",
            "--color-like",
            refs / "text.jpg",
            "--batch",
            "--out",
            tmp_path / "out",
        )
    assert not (tmp_path / "out").exists()


def test_a_video_of_a_large_photo(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are made one at a time, of a photo as large as the video."""
    monkeypatch.setattr("hairgan.cli.edit_run.VIDEO_FRAMES", 3)
    monkeypatch.setattr("hairgan.cli.edit_run.VIDEO_SIDE", 100)
    seen = []

    def dye_all(salon: Salon, subjects: Any, dye_all: Any = Salon.dye_all, **how: Any) -> Any:
        seen.extend((subject.photo.shape, how["strength"]) for subject in subjects)
        return dye_all(salon, subjects, **how)

    monkeypatch.setattr(Salon, "dye_all", dye_all)
    result = run("dye", photos / "me.png", "--color", "teal", "--video", "--out", tmp_path / "out.png")
    assert result.exit_code == 0
    assert seen == [((200, 200, 3), 1.0), ((100, 100, 3), [0.0]), ((100, 100, 3), [0.5]), ((100, 100, 3), [1.0])]
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FRAME_WIDTH) == 100


def test_mistakes_are_reported_before_torch_is_imported(photos: Path) -> None:
    """In half a second rather than ten."""
    (photos / "text.jpg").write_text("text")
    calls = [
        ["dye", "nothere.jpg", "--color", "teal"],
        ["dye", str(photos / "me.png"), "--color", "mullet"],
        ["dye", str(photos / "text.jpg"), "--color", "teal"],
        ["dye", str(photos / "me.png"), "--color", "teal", "--out", str(photos / "me.png")],
        ["restyle", str(photos / "me.png"), "--like", "nothere.jpg"],
        ["parse", "nothere.jpg"],
        ["label", "nothere", "--out", "x"],
    ]
    code = f"""
import sys
from hairgan.cli import main
for call in {calls!r}:
    try:
        main(call + ["--parser" if call[0] in ("parse", "label") else "--bundle", "b"])
    except SystemExit as end:
        print(end.code)
    assert "torch" not in sys.modules, call
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(calls) and done.stdout.count("No such file") == 3


@pytest.mark.parametrize("value", ["nan", "inf", "text"])
@pytest.mark.parametrize("option", ["--strength", "--mix", "--psi"])
def test_options_refuse_what_is_not_a_finite_number(photos: Path, option: str, value: str) -> None:
    command = ["restyle", "--domain", "bob"] if option == "--psi" else ["dye", "--color", "teal"]
    result = run(*command, photos / "me.png", option, value)
    assert result.exit_code == 2 and f"'{value}' is not a number" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dye", "PHOTO"], "give either --like, a photo whose hair color to take, or --color"),
        (["dye", "PHOTO", "--color", "teal", "--like", "PHOTO"], "give either --like"),
        (["dye", "PHOTO", "--like", "a", "--like", "b", "--like", "c"], "one reference, or two"),
        (["dye", "FOLDER", "--color", "teal"], "is a folder; give --batch"),
        (["dye", "FOLDER", "--color", "teal", "--batch"], "--out FOLDER"),
        (["dye", "nothing.png", "--color", "teal"], "No such file or directory: nothing.png"),
        (["dye", "PHOTO", "--color", "rgb(999, 0, 0)"], "red, green and blue are 0 to 255"),
        (["dye", "PHOTO", "--color", "teal", "--device", "gpu"], "hairgan: there is no device 'gpu'"),
        (
            ["dye", "FOLDER", "--color", "teal", "--device", "gpu", "--batch", "--out", "x"],
            "hairgan: there is no device",
        ),
        (["dye", "PHOTO", "--color", "teal", "--device", "cuda"], "no CUDA GPU"),
        (["restyle", "PHOTO"], "give a --domain, or --like"),
        (["restyle", "PHOTO", "--domain", "mullet"], "no domain 'mullet'"),
        (["restyle", "PHOTO", "--like", "PHOTO", "--video"], "give --like twice"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    photos: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"PHOTO": str(photos / "me.png"), "FOLDER": str(photos)}
    with pytest.raises(SystemExit) as exit_info:
        main([named.get(argument, argument) for argument in arguments] + ["--bundle", "b", "--aligned"])
    assert message in str(exit_info.value) and "\n" not in str(exit_info.value)


def test_a_real_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Path) -> None:
    monkeypatch.undo()
    save_bundle(tmp_path / "b", {"parser": BiSeNet(base_width=4)})
    salon = Salon.from_bundle(tmp_path / "b")
    assert salon.restyler is None and salon.parser.size == 512
    subject = salon.parse(paint_head(draw_labels(200)), aligned=True)
    assert subject.labels.shape == (512, 512)


def test_video_sizes(tmp_path: Path) -> None:
    picture: Any = np.zeros((300, 200, 3), np.uint8)
    write_video(tmp_path / "odd.mp4", [picture[:151, :77]] * 2)
    assert cv2.VideoCapture(str(tmp_path / "odd.mp4")).get(cv2.CAP_PROP_FRAME_WIDTH) == 76
    with pytest.raises(ValueError, match="cannot write a video"):
        write_video(tmp_path / "no" / "folder.mp4", [picture])
