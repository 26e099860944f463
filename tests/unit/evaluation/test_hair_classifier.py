"""The hair classifier's report: scores, and the mistakes it is surest of."""

from __future__ import annotations

import numpy as np
import polars as pl
import torch

from hairgan.data.attribute_targets import COLUMNS
from hairgan.data.packed_dataset import PackedDataset
from hairgan.domains import Domains
from hairgan.evaluation.hair_classifier import evaluate
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.hair_attributes import HEADS
from hairgan.networks.hair_classifier import HairClassifier

PROBABILITY = [0.9, 0.6, 0.8]  # with which each image is called female


class AlwaysFemale(HairClassifier):
    """Calls everybody female, with the probabilities above; knows nothing else."""

    def __init__(self):
        super().__init__(depth=18, base_width=8)

    def probabilities(self, images):
        number = ((images[:, 0, 0, 0] + 1) * 127.5).round().long()
        answers = {head: torch.full((len(images), len(names)), 1 / len(names)) for head, names in HEADS.items()}
        female = torch.tensor(PROBABILITY)[number]
        order = HEADS["gender"].index("female")
        answers["gender"] = torch.stack([female, 1 - female] if order == 0 else [1 - female, female], dim=1)
        return answers


def test_the_surest_mistakes_come_first(tmp_path):
    images = np.zeros((3, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0] = range(3)
    np.save(tmp_path / "images.npy", images)
    columns = {column: [None] * 3 for column in COLUMNS.values()} | {"Male": [True, True, False]}
    types = {name: pl.Boolean if name in ("Male", "Bangs") else pl.String for name in columns}
    attributes = pl.DataFrame(columns | {"split": ["test"] * 3}, schema_overrides=types)
    stored = np.load(tmp_path / "images.npy", mmap_mode="r")
    dataset = PackedDataset(tmp_path, 32, stored, None, attributes, "fingerprint", {})
    data = EvaluationData(dataset, Domains({"all": "true"}), np.ones((3, 1), bool))
    result = evaluate({"classifier": AlwaysFemale()}, data, EvaluationSettings(("attributes",), "test"))
    assert result.values["accuracy/gender"] == np.float32(1 / 3)
    assert np.isnan(result.values["accuracy/length"])
    confusion = next(table for table in result.tables if table.title == "Confusion of gender")
    rows = dict(confusion.rows)
    female = list(confusion.columns).index("female")
    assert rows["male"][female] == 2 and rows["female"][female] == 1
    assert [picture.title for picture in result.pictures] == ["Most confident mistakes"]
    assert not any(name.startswith("cost") for name in result.values)
