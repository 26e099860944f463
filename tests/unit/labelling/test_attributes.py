import torch

from hairgan.labelling.attributes import TYPES, classify, describe
from hairgan.networks.hair_classifier import HEADS, HairClassifier
from hairgan.regions import Region
from tests.unit.labelling.painted import face, photo

SURE = {"bangs": ("no_bangs", 0.9), "length": ("long", 0.9), "texture": ("perm", 0.8), "color": ("red", 0.95),
        "gender": ("male", 0.99)}  # fmt: skip


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
    answers = SURE | {"length": ("short", 0.9), "color": ("blond", 0.5)}
    row = describe(face(0.95), 0.9, answers, 0.6)
    assert row["hair_color"] is row["Blond_Hair"] is None
    assert row["hair_length"] == "long"
    assert row["doubts"] == ["color blond? (0.50)", "length measured long, seen short"]


def test_a_hat_is_seen():
    labels = face(0.5)
    labels[:60] = Region.HAT
    assert describe(labels, 0.9, {}, 0.6)["Wearing_Hat"] is True


def test_classify():
    torch.manual_seed(0)
    classifier = HairClassifier(18, base_width=4, image_size=64).eval()
    answers = classify(classifier, [photo(0.5), photo(0.9)])
    assert [list(answer) for answer in answers] == [list(HEADS)] * 2
    for head, classes in HEADS.items():
        name, probability = answers[0][head]
        assert name in classes
        assert 1 / len(classes) <= probability <= 1
