"""The evaluation of the hair layout network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.domains import Domains
from hairgan.evaluation.hair_layout import evaluate
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.segmentation import ParsingScores
from hairgan.portraits.items import PortraitItem
from hairgan.regions import NUM_REGIONS


class LeavesHair(torch.nn.Module):
    """The head as it was."""

    def forward(self, source: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(source, NUM_REGIONS).permute(0, 3, 1, 2).float()


def test_each_image_of_the_split_is_compared_once(tmp_path: Path) -> None:
    pack(
        PortraitItem(3, 32, shared_hair=2), 40, tmp_path / "p", size=32, source={"kind": "p"}, workers=1, progress=False
    )
    dataset = PackedDataset.open(tmp_path / "p")
    data = EvaluationData(dataset, Domains({"all": "true"}), np.ones((40, 1), bool))
    settings = EvaluationSettings(("segmentation", "cost"), "train", batch_size=3)
    result = evaluate({"hair_layout": LeavesHair()}, data, settings)
    assert result.protocol["images"] == len(dataset.split("train")) > 20
    assert 0.2 < result.values["hair_iou"] < 0.95 and result.values["iou/nose"] > 0.95
    assert [table.title for table in result.tables][:2] == ["All pixels", "Regions"]
    few = evaluate({"hair_layout": LeavesHair()}, data, EvaluationSettings(("segmentation",), "train", max_sources=4))
    assert few.protocol["images"] == 4
    assert set(few.values) == set(ParsingScores().names)
