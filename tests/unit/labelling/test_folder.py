import errno
import json
import os
import time

import numpy as np
import polars as pl
import pytest
from PIL import Image

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.names import MASKS
from hairgan.data.image_folder import ImageFolder
from hairgan.data.packed_dataset import PackedDataset
from hairgan.domains import Domains
from hairgan.labelling import folder as labelling
from hairgan.labelling.folder import label_folder
from hairgan.labelling.journal import Journal
from hairgan.locks import LockedError, hold
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region, colorize
from tests.unit.labelling.painted import PaintParser, face, photo

DOMAINS = Domains({"long": "hair_length = 'long'", "bang": "Bangs", "bald": "Bald"})


@pytest.fixture
def photos(tmp_path):
    """Seven usable photos of different formats, and four that cannot be used."""
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    pictures = {name: Image.fromarray(photo(0.95 if i % 2 else 0.5, bangs=i == 1)) for i, name in enumerate("abcdef")}
    pictures["a"].save(folder / "a.png")
    turned = pictures["b"].transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned back by 90 degrees clockwise
    turned.save(folder / "b.jpg", quality=95, exif=exif)
    pictures["c"].convert("RGBA").save(folder / "c.png")
    pictures["d"].convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "d.gif")
    pictures["e"].convert("CMYK").save(folder / "e.tif")
    pictures["f"].resize((700, 700), Image.Resampling.NEAREST).save(folder / "deeper" / "f.PNG")
    Image.new("L", (64, 64), 236).save(folder / "grey.png")  # no skin in it
    (folder / "text.jpg").write_text("not a picture")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:400])
    Image.new("RGB", (40, 90)).save(folder / "narrow.png")
    (folder / "notes.txt").write_text("not a photo, and not reported")
    return folder


def run(photos, out, **options):
    options = {"batch_size": 4, "workers": 1, "pack_size": 64, "parser": FaceParser(PaintParser())} | options
    return label_folder(photos, out, domains=DOMAINS, **options)


def test_a_folder_of_all_kinds(photos, tmp_path):
    out = tmp_path / "out"
    labelled = run(photos, out)
    table = pl.read_csv(out / "attributes.csv")
    assert sorted(table["photo"]) == ["a.png", "b.jpg", "c.png", "d.gif", "deeper/f.PNG", "e.tif"]
    by_photo = {row["photo"]: row for row in table.iter_rows(named=True)}
    assert by_photo["b.jpg"]["domains"] == "long bang"
    assert by_photo["a.png"]["domains"] == ""
    assert {name: by_photo[name]["hair_length"] for name in ("a.png", "d.gif", "deeper/f.PNG")} == {
        "a.png": "short", "d.gif": "long", "deeper/f.PNG": "long",
    }  # fmt: skip
    reasons = {line["photo"]: line["reason"] for line in labelled.skipped}
    assert list(reasons) == ["cut.png", "grey.png", "narrow.png", "text.jpg"]
    assert "not a picture" in reasons["text.jpg"]
    assert "40 x 90" in reasons["narrow.png"]
    assert "no skin" in reasons["grey.png"]

    raw = CelebAMaskHQ.open(out / "raw")
    number = by_photo["a.png"]["id"]
    assert (raw.read_labels(number)[::2, ::2] == face(0.5)).mean() > 0.999
    dataset = labelled.dataset
    assert len(dataset) == 6
    assert dataset.attributes["hair_length"].to_list() == [raw.item(i)[2]["hair_length"] for i in range(6)]
    assert dataset.attributes["Male"].null_count() == 6  # unknown, which the raw layout cannot say
    assert set(dataset.attributes["split"]) == {"train", "val", "test"}
    assert ImageFolder.open(out / "domains").domains() == ("bang", "long")
    assert (out / "sheets" / "long.jpg").is_file()
    assert not (out / "sheets" / "bald.jpg").exists()
    assert len(list((out / "overlays").iterdir())) == 6


def test_continues_where_it_stopped(photos, tmp_path, monkeypatch):
    whole, out = run(photos, tmp_path / "whole"), tmp_path / "out"
    calls: list[int] = []

    def interrupted(parser, crops, parse=FaceParser.parse):
        calls.append(len(crops))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return parse(parser, crops)

    monkeypatch.setattr(FaceParser, "parse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(photos, out)
    done = len((out / "journal.jsonl").read_text().splitlines()) - 1
    assert done == 4
    with (out / "journal.jsonl").open("a") as journal:
        journal.write('{"photo": "half a li')
    again = run(photos, out)
    assert calls == [3, 4, 4]  # only what was missing
    assert again.table.equals(whole.table)
    assert again.dataset.fingerprint == whole.dataset.fingerprint

    Image.fromarray(photo(0.7)).save(photos / "z.png")  # a photo more
    more = run(photos, out)
    assert calls[3:] == [1]
    assert len(more.dataset) == len(PackedDataset.open(out / "packed")) == 7
    with pytest.raises(ValueError, match="choose another folder"):
        run(photos, out, parser=FaceParser(PaintParser(128)))


def test_doubtful_photos_come_first(photos, tmp_path):
    eyeless = face(0.95)
    eyeless[(eyeless == 4) | (eyeless == 5)] = 1
    Image.fromarray(colorize(eyeless)).save(photos / "z.png")
    table = run(photos, tmp_path / "out").table
    assert table["photo"][0] == "z.png"
    assert table["doubts"][0] == "no face or no hair to measure"
    assert (table["doubts"][1:] == "").all()
    assert table["certainty"][1:].is_sorted()


def test_nothing_to_label(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        run(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="found none"):
        run(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "empty" / "a.jpg").write_text("text")
    with pytest.raises(ValueError, match=r"none of the 1 photos could be used; the first: a\.jpg"):
        run(tmp_path / "empty", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "journal.jsonl").read_text().splitlines()[1])["photo"] == "a.jpg"


def test_overlays_are_of_the_crop(photos, tmp_path):
    run(photos, tmp_path / "out")
    with Image.open(tmp_path / "out" / "overlays" / "0.jpg") as picture:
        assert np.abs(np.asarray(picture, dtype=int) - photo(0.5)).mean() < 4  # the palette over itself


def test_files_of_an_interrupted_call_are_removed(photos, tmp_path, monkeypatch):
    """Numbers are used again: a hat mask left under a number must not enter the next photo's labels."""
    out = tmp_path / "out"
    hat = face(0.5)
    hat[:40] = Region.HAT
    for path in photos.glob("*.*"):
        path.unlink()
    Image.fromarray(colorize(hat)).save(photos / "a.png")

    def killed(journal, lines, folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(labelling.Journal, "write", killed)
        run(photos, out)
    assert (out / "raw" / MASKS / "0" / "00000_hat.png").exists() and (out / "overlays" / "1.jpg").exists()
    (photos / "a.png").unlink()
    assert len(run(photos, out).dataset) == 1
    assert not (out / "raw" / MASKS / "0" / "00000_hat.png").exists()
    assert [path.name for path in (out / "overlays").iterdir()] == ["0.jpg"]


def test_results_in_the_folder_are_no_photos(photos, tmp_path):
    first = run(photos, photos / "out")
    assert len(run(photos, photos / "out").dataset) == len(first.dataset) == 6
    assert len(run(photos, photos / "deeper" / "again").dataset) == 6


def test_where_results_cannot_go(photos, tmp_path):
    for out in (photos, photos.parent, photos / "deeper" / ".."):
        with pytest.raises(ValueError, match="cannot be labelled into"):
            run(photos, out)
    theirs = tmp_path / "theirs" / "domains" / "holiday.txt"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    with pytest.raises(ValueError, match=r"holds other files \(domains\): choose a new folder"):
        run(photos, tmp_path / "theirs")
    assert theirs.exists()
    with pytest.raises(ValueError, match="is a file"):
        run(photos, theirs)


def test_one_process_at_a_time(photos, tmp_path):
    (tmp_path / "out").mkdir()
    with hold(tmp_path / "out" / "lock", "the folder"), pytest.raises(LockedError, match="is in use by"):
        run(photos, tmp_path / "out")
    assert len(run(photos, tmp_path / "out").dataset) == 6
    assert not (tmp_path / "out" / "lock").exists()


def test_names_that_are_not_utf8(photos, tmp_path):
    for name, content in ((b"caf\xe9.png", (photos / "a.png").read_bytes()), (b"\xff.jpg", b"text")):
        (photos / os.fsdecode(name)).write_bytes(content)
    labelled = run(photos, tmp_path / "out")
    assert "caf\\xe9.png" in pl.read_csv(tmp_path / "out" / "attributes.csv")["photo"]
    assert "\\xff.jpg is not a picture" in (tmp_path / "out" / "skipped.csv").read_text()
    assert len(labelled.dataset) == 7
    assert run(photos, tmp_path / "out").table.equals(labelled.table), "nothing is done twice"


def test_changed_photos_are_named(photos, tmp_path):
    assert run(photos, tmp_path / "out").changed == []
    Image.fromarray(photo(0.6)).save(photos / "a.png")
    (photos / "c.png").unlink()
    assert run(photos, tmp_path / "out").changed == ["a.png"]


def test_a_full_disk_leaves_the_journal_as_it_was(photos, tmp_path, monkeypatch):
    out = tmp_path / "out"
    run(photos, out)
    before = (out / "journal.jsonl").read_bytes()
    Image.fromarray(photo(0.7)).save(photos / "z.png")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        run(photos, out)
    assert (out / "journal.jsonl").read_bytes() == before
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        journal = Journal(out / "journal.jsonl", json.loads(before.splitlines()[0])["settings"])
        journal.write([{"photo": "z.png", "reason": "none"}], photos)
    assert (out / "journal.jsonl").read_bytes() == before
    assert len(run(photos, out).dataset) == 7


def test_damaged_journals(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"settings": 1}\n{"photo": "a", "id": 0}\n\0\0\0\n')
    with pytest.raises(ValueError, match="line 3 is damaged"):
        Journal(path, 1)
    path.write_text('{"settings": 1}\n' + "[" * 100_000 + "\n")
    with pytest.raises(ValueError, match="line 2 is damaged"):
        Journal(path, 1)


@pytest.mark.parametrize("content", ["my diary", "my diary\n", "5\n", "[]\n"])
def test_a_foreign_file_with_the_name_of_the_journal_is_kept(photos, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "journal.jsonl").write_text(content)
    with pytest.raises(ValueError, match="not a journal of labelling"):
        run(photos, tmp_path / "out")
    assert (tmp_path / "out" / "journal.jsonl").read_text() == content


GOOD = {"photo": "b", "id": 1, "doubts": [], "hair_area": 0.5, "Male": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 0}, {"id": 2}, {"id": "1"}, {"id": True}, {"photo": "a"}, {"photo": 5}, {"doubts": "x"}, {"doubts": [1]},
        {"hair_area": "x"}, {"hair_area": {}}, {"Male": 1}, {"reason": "both"}, {"hair_area": ...},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_is_not_of_a_photo(tmp_path, changes):
    path, kinds = tmp_path / "journal.jsonl", {"hair_area": float, "Male": bool}
    line = {key: value for key, value in (GOOD | changes).items() if value is not ...}
    lines = [{"settings": 1}, GOOD | {"photo": "a", "id": 0}]
    path.write_text("".join(json.dumps(content) + "\n" for content in (*lines, GOOD)))
    assert len(Journal(path, 1, kinds).rows) == 2
    path.write_text("".join(json.dumps(content) + "\n" for content in (*lines, line)))
    with pytest.raises(ValueError, match="line 3 is damaged"):
        Journal(path, 1, kinds)


def test_pipes_and_broken_links_as_results_are_refused(photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    os.mkfifo(out / "journal.jsonl")
    with pytest.raises(ValueError, match="not a regular file"):
        run(photos, out)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match="broken link"):
        run(photos, tmp_path / "loop")
    run(photos, tmp_path / os.fsdecode(b"\xff"))


@pytest.mark.parametrize(("pixels", "most"), [(1, 1), (2 * 256 * 256, 2)])
def test_threads_read_a_limited_number_of_pixels_at_a_time(photos, tmp_path, monkeypatch, pixels, most):
    inside, seen = [], []

    def reading(path, name, read=labelling.open_rgb):
        inside.append(name)
        seen.append(len(inside))
        time.sleep(0.02)
        try:
            return read(path, name)
        finally:
            inside.remove(name)

    monkeypatch.setattr(labelling, "PIXELS_AT_A_TIME", pixels)
    monkeypatch.setattr(labelling, "open_rgb", reading)
    for other in ("deeper/f.PNG", "grey.png", "narrow.png", "text.jpg"):
        (photos / other).unlink()
    run(photos, tmp_path / "out", workers=4)
    assert max(seen) == most and len(seen) == 6
