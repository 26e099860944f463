from dataclasses import replace

import pytest

from hairgan.evaluation.families import FAMILIES, IDENTIFIED_BY, check_metrics, family_of
from hairgan.evaluation.judges import Judges
from hairgan.metrics.identity import FaceEmbedder
from hairgan.metrics.registry import METRICS, SPLITS
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.photos.classifier import HairAttributeClassifier
from hairgan.photos.parser import FaceParser


def test_each_family_is_told_by_its_networks():
    assert set(FAMILIES) == set(METRICS) == set(IDENTIFIED_BY)
    assert family_of(dict.fromkeys(["generator", "mapping_network", "style_encoder"])) == "stargan"
    assert family_of(dict.fromkeys(["generator", "discriminator"])) == "sean"
    assert family_of({"parser": None}) == "face_parser"
    with pytest.raises(ValueError, match="no evaluation for networks named lambda"):
        family_of({"lambda": None})


@pytest.mark.parametrize("family", FAMILIES)
def test_default_metrics_need_no_judge_that_is_missing(family, data):
    module = FAMILIES[family]
    dataset = replace(data.dataset, manifest={"parameters": {"source": {"kind": "portraits"}}})
    embedder = FaceEmbedder.__new__(FaceEmbedder)  # not called
    judges = Judges(
        HairAttributeClassifier(HairClassifier(depth=18, base_width=8)), FaceParser(BiSeNet(base_width=8)), embedder
    )
    without = module.default_metrics(dataset, Judges())
    check_metrics(family, without, ())
    with_judges = module.default_metrics(dataset, judges)
    check_metrics(family, with_judges, ("classifier", "parser", "embedder"))
    judged = {name for name, metric in METRICS[family].items() if metric.judge is not None}
    assert set(with_judges) - set(without) == judged and "cost" in without
    assert module.DEFAULT_SPLIT in SPLITS


def test_metrics_that_cannot_be_measured():
    with pytest.raises(ValueError, match=r"no metric 'kid' for stargan; known are fid, lpips, "):
        check_metrics("stargan", ["fid", "kid"], ())
    with pytest.raises(ValueError, match="'segmentation' needs a face parser: parser=RUN_OR_BUNDLE"):
        check_metrics("sean", ["segmentation"], ("classifier",))
    with pytest.raises(ValueError, match=r"'identity' needs a face-embedding network: embedder=FILE\.onnx"):
        check_metrics("stargan", ["identity"], ("classifier", "parser"))
    check_metrics("face_parser", ["segmentation"], ())
