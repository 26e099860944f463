"""The face parser's report: which heads are the best and which the worst."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from hairgan.data.items import Item
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.domains import Domains
from hairgan.evaluation.face_parser import evaluate
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.networks.face_parser import BiSeNet
from hairgan.regions import NUM_REGIONS, Region

BALD = 3  # of the heads below, the one without hair


def head(index: int) -> Item:
    labels = np.full((32, 32), Region.SKIN, np.uint8)
    if index != BALD:
        labels[: 4 + index] = Region.HAIR
    image = np.full((32, 32, 3), 40 * index, np.uint8)
    return Item(image, labels, {"name": f"{index}", "split": "test"})


class SeesItAllButTheLastRows(BiSeNet):
    """Gives the true label map, but finds a row of hair less than there is."""

    def __init__(self) -> None:
        super().__init__(base_width=8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = []
        for image in images:
            index = round(float((image.mean() + 1) * 127.5 / 40))
            labels = torch.from_numpy(head(index)[1]).long()
            labels[3 + index] = Region.SKIN
            maps.append(labels)
        return torch.nn.functional.one_hot(torch.stack(maps), NUM_REGIONS).permute(0, 3, 1, 2).float()


def test_a_bald_head_that_is_parsed_as_one_is_among_the_best(tmp_path: Path) -> None:
    pack(head, 5, tmp_path / "heads", size=32, source={"kind": "heads"}, workers=0, progress=False)
    data = EvaluationData(PackedDataset.open(tmp_path / "heads"), Domains({"all": "true"}), np.ones((5, 1), bool))
    networks = {"parser": SeesItAllButTheLastRows()}
    result = evaluate(networks, data, EvaluationSettings(("segmentation",), "test"))
    best, worst = (picture.note.split(" (")[0].split(", ") for picture in result.pictures)
    assert best == ["1.000", "0.875", "0.833", "0.800", "0.750"]
    assert worst == best[::-1]
