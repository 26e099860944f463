import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.image_folder import ImageFolder
from hairgan.data.packed import PackedDataset
from hairgan.domains import Domains
from hairgan.labelling import folder as labelling
from hairgan.labelling.folder import Settings, label_folder
from hairgan.regions import colorize
from tests.unit.labelling.painted import PaintParser, face, photo

DOMAINS = Domains({"long": "hair_length = 'long'", "bang": "Bangs", "bald": "Bald"})
SETTINGS = Settings(crop_size=256)


@pytest.fixture
def photos(tmp_path):
    """Seven photos as people have them, four that cannot be used."""
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
    (folder / "notes.txt").write_text("no photo, no word about it")
    return folder


def run(photos, out, **options):
    options = {"batch_size": 4, "workers": 1, "pack_size": 64, "settings": SETTINGS} | options
    return label_folder(photos, out, parser=PaintParser(), domains=DOMAINS, **options)


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

    def interrupted(parser, crops, parse=labelling.parse_crops):
        calls.append(len(crops))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return parse(parser, crops)

    monkeypatch.setattr(labelling, "parse_crops", interrupted)
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
        run(photos, out, settings=Settings(crop_size=128))


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
