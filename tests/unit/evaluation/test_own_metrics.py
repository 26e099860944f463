"""Metrics of the user's own: what they see of each family, and the sentence for a class that is no such metric."""

# ruff: noqa: RUF012 (written as users write them)

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchmetrics import Metric

from hairgan.data.packed_dataset import PackedDataset
from hairgan.domains import Domains
from hairgan.evaluation import evaluate
from hairgan.evaluation.families import check_metrics, headline_names
from hairgan.evaluation.own_metrics import own_metric
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.hair_attributes import HEADS
from hairgan.metrics import Definition, MeanOverImages
from hairgan.metrics.definitions import DEFINITIONS, define
from hairgan.metrics.registry import INSTALLED, installed_metrics
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from lightning_modules.launch.settings.metrics import check_metric_names, check_metrics_of

HERE = f"{__name__}."


class OutputBrightness(MeanOverImages):
    """Mean of each source's outputs."""

    families = ("stargan",)
    definitions = {"output_brightness": Definition("Mean of outputs, -1 to 1", "higher")}

    def update(self, batch):
        assert batch.mode in ("latent", "reference") and batch.labels is None and batch.target in "red green bright"
        self.add(batch.outputs.mean((1, 2, 3, 4))[None])


class Batches(Metric):
    """The number of images in the largest batch: no mean over images."""

    families = ("face_parser", "hair_classifier", "stargan")
    definitions = {"largest_batch": Definition("Images in the largest batch", "higher")}

    def __init__(self):
        super().__init__()
        self.add_state("largest", torch.zeros(()), dist_reduce_fx="max")

    def update(self, batch):
        assert hasattr(batch, "parsed") or batch.targets.shape == (len(batch.images), len(HEADS))
        self.largest = self.largest.maximum(torch.tensor(float(len(batch.images))))

    def compute(self):
        return self.largest


class Renamed(Batches):
    definitions = {"one": Definition("", "lower"), "two": Definition("", "lower")}


class Taken(Batches):
    definitions = {"psnr": Definition("mine", "higher")}


class WithArguments(Batches):
    def __init__(self, size):
        super().__init__()


class NoFamilies(Batches):
    families = ("gan",)


class NoDefinitions(Batches):
    definitions = {"a name": "a text"}


@pytest.fixture(autouse=True)
def own_definitions_are_forgotten() -> Iterator[None]:
    before = dict(DEFINITIONS)
    yield
    DEFINITIONS.clear()
    DEFINITIONS.update(before)


def test_each_source_of_stargan_has_a_value(data, networks):
    metrics = (HERE + "OutputBrightness",)
    result = evaluate(networks, data, EvaluationSettings(metrics, "val", num_outputs=2, max_sources=3))
    assert list(result.headline) == headline_names("stargan", metrics)
    assert result.protocol["own_metrics"] == list(metrics)
    assert -1 <= result.values["reference/output_brightness/red2green"] <= 1
    assert define("metrics/latent/output_brightness/mean") is OutputBrightness.definitions["output_brightness"]
    assert "output_brightness, latent" in [table.title for table in result.tables]
    assert {"output_brightness, latent: highest"} <= {picture.title for picture in result.pictures}


def test_a_metric_of_sets_of_images(packed_faces):
    dataset = PackedDataset.open(packed_faces(32))
    data = EvaluationData(dataset, Domains({"bang": "Bangs"}), np.ones((len(dataset.images), 1), bool))
    settings = EvaluationSettings((HERE + "Batches",), "test", batch_size=4, max_sources=10)
    for networks in ({"parser": BiSeNet(base_width=4).eval()}, {"classifier": HairClassifier(18, 4).eval()}):
        result = evaluate(networks, data, settings)
        assert result.values == {"largest_batch": 4} and result.headline == ("largest_batch",)
        (shown,) = result.tables
        assert (shown.title, shown.rows) == ("Batches", [("test", [4.0])]) and "largest batch" in shown.note
    for name, sentence in {
        "Renamed": r"defines one, two, but its compute\(\) returns no names",
        "WithArguments": "cannot be made without arguments: .*'size'",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            evaluate({"parser": BiSeNet(base_width=4).eval()}, data, replace(settings, metrics=(HERE + name,)))


@pytest.mark.parametrize(("name", "family", "sentence"), [
    ("my_gone.Metric", "sean", "the metric 'my_gone.Metric': there is no module my_gone: is it installed"),
    (HERE + "Gone", "sean", "there is no Gone in tests"),
    ("pathlib.Path", "sean", r"'pathlib.Path' is not a class of torchmetrics\.Metric"),
    ("torchmetrics.MeanMetric", "sean", r"needs an attribute families, a tuple of some of stargan, .*, not \(\)"),
    (HERE + "NoFamilies", "sean", r"not \('gan',\)"),
    (HERE + "NoDefinitions", "stargan", "needs an attribute definitions: for each value its name"),
    (HERE + "OutputBrightness", "sean", "'.*OutputBrightness' measures stargan, not sean"),
    (HERE + "Batches", "stargan", r"must be a hairgan\.metrics\.MeanOverImages to measure stargan"),
    (HERE + "Taken", "face_parser", r"defines 'psnr', which is already the name of a value \(Peak signal"),
    ("brightness", "sean", "no metric 'brightness' for sean; known are fid, kid, .*, or your own as module.Class"),
])  # fmt: skip
def test_classes_that_are_no_metric_are_refused(name, family, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_metrics(family, [name], ())


def test_installed_packages_give_their_metrics_short_names(monkeypatch):
    point = importlib.metadata.EntryPoint("output_brightness", HERE.rstrip(".") + ":OutputBrightness", INSTALLED)
    hides = importlib.metadata.EntryPoint("fid", "os:system", INSTALLED)
    with pytest.raises(ValueError, match="there is no metric 'output_brightness'"):
        check_metric_names(("output_brightness",))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point, hides] if group == INSTALLED else [])
    installed_metrics.cache_clear()
    try:
        assert list(installed_metrics()) == ["output_brightness"], "names of hairgan's own metrics are not replaced"
        check_metric_names(("fid", "output_brightness", "any.Thing"))
        check_metrics_of("stargan", {"metrics": ["output_brightness", "fid"]})
        assert own_metric("output_brightness", "stargan").definitions == OutputBrightness.definitions
        with pytest.raises(ValueError, match=r"\(did you mean 'output_brightness'\?\).* installed packages output_b"):
            check_metric_names(("output_bright",))
    finally:
        installed_metrics.cache_clear()
