from hairgan.labelling.attributes import TYPES, describe
from hairgan.photos.classifier import Answer
from hairgan.regions import Region
from tests.unit.labelling.painted import face

SURE = {
    "bangs": Answer("no_bangs", 0.9),
    "length": Answer("long", 0.9),
    "texture": Answer("perm", 0.8),
    "color": Answer("red", 0.95),
    "gender": Answer("male", 0.99),
}


def test_measured_alone():
    row = describe(face(0.95, bangs=True), 0.9, {}, 0.6)
    assert set(row) == {*TYPES, "doubts"}
    assert (row["hair_length"], row["Bangs"], row["Bald"], row["Wearing_Hat"]) == ("long", True, False, False)
    assert row["Male"] is row["hair_color"] is row["Blond_Hair"] is row["color_confidence"] is None
    assert row["doubts"] == []
    assert describe(face(0.5), 0.9, {}, 0.6)["hair_length"] == "short"


def test_classified():
    row = describe(face(0.95, bangs=True), 0.9, SURE, 0.6)
    assert (row["hair_color"], row["Black_Hair"], row["hair_texture"], row["Wavy_Hair"]) == ("red", False, "perm", True)
    assert (row["Bangs"], row["Male"], row["gender_confidence"]) == (False, True, 0.99)
    assert row["doubts"] == []


def test_doubts():
    answers = SURE | {"length": Answer("short", 0.9), "color": Answer("blond", 0.5)}
    row = describe(face(0.95), 0.9, answers, 0.6)
    assert row["hair_color"] is row["Blond_Hair"] is None
    assert row["hair_length"] == "long"
    assert row["doubts"] == ["color blond? (0.50)", "length measured long, seen short"]


def test_a_hat_is_seen():
    labels = face(0.5)
    labels[:60] = Region.HAT
    assert describe(labels, 0.9, {}, 0.6)["Wearing_Hat"] is True
