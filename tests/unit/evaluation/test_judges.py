from __future__ import annotations

import pytest
import torch

from hairgan.domains import Domains
from hairgan.evaluation.judges import DomainClassifier, Judges
from hairgan.hair_attributes import HEADS
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.photos.classifier import HairAttributeClassifier
from hairgan.weights.bundles import save_bundle

ANSWERS = [("bangs", "long", "perm", "blond", "female"), ("no_bangs", "short", "straight", "black", "male")]


class Oracle(HairClassifier):
    """Answers as written above, one image after the other."""

    def __init__(self):
        super().__init__(depth=18, base_width=8)

    def forward(self, images):
        return {
            head: torch.stack(
                [torch.eye(len(names))[names.index(answers[column])] for answers in ANSWERS[: len(images)]]
            )
            for column, (head, names) in enumerate(HEADS.items())
        }


def test_domains_by_what_the_classifier_answers():
    domains = Domains.load("hair7")
    seen = DomainClassifier(HairAttributeClassifier(Oracle()), domains)(torch.zeros(2, 3, 32, 32))
    first, second = ({name for name, inside in zip(domains.names, row, strict=True) if inside} for row in seen)
    assert first == {"bang", "long_perm", "blond"}
    assert second == {"no_bang", "short"}


def test_domains_that_no_classifier_can_tell():
    with pytest.raises(ValueError, match="the classifier cannot recognize the domains: domain big"):
        DomainClassifier(HairAttributeClassifier(Oracle()), Domains({"big": "hair_area > 0.3"}))


def test_judges_are_found_by_what_they_are(tmp_path):
    trained = {"parser": {"dataset": {"size": 64}}}  # smaller than it sees best
    save_bundle(tmp_path / "bundle", {"parser": BiSeNet(base_width=8, image_size=96).eval()}, training=trained)
    save_bundle(
        tmp_path / "official", {"parser": BiSeNet(base_width=8, image_size=64)}, training={"parser": "as published"}
    )
    assert Judges.load(parser=tmp_path / "official").parser.size == 64
    judges = Judges.load(parser=tmp_path / "bundle")
    assert judges.classifier is None and judges.regions(torch.zeros(1, 3, 64, 64)).shape == (1, 64, 64)
    assert judges.parser.size == 96
    assert set(judges.describe()) == {"parser", "parser_size", "parser_hash"}
    with pytest.raises(ValueError, match="bundle has no part 'classifier'; it has parser"):
        Judges.load(classifier=tmp_path / "bundle")
