import math

import pytest
import torch

from hairgan.metrics.segmentation import ParsingScores
from hairgan.regions import Region


def test_by_hand():
    targets = torch.tensor([[[0, 0, 13, 13], [0, 1, 13, 13]]])
    predictions = torch.tensor([[[0, 0, 13, 13], [0, 13, 13, 0]]])
    scores = ParsingScores()
    scores.update(predictions, targets)
    result = {name: value.item() for name, value in scores.compute().items()}
    assert result["hair_iou"] == result["iou/hair"] == pytest.approx(3 / 5)
    assert result["iou/background"] == pytest.approx(3 / 4)
    assert result["iou/skin"] == 0
    assert math.isnan(result["iou/hat"])  # neither there nor predicted
    assert result["mean_iou"] == pytest.approx((3 / 5 + 3 / 4 + 0) / 3)
    assert result["f1/hair"] == pytest.approx(2 * 3 / (4 + 4))
    assert result["mean_f1"] == pytest.approx((2 * 3 / 8 + 0) / 2)  # without background
    assert result["pixel_accuracy"] == pytest.approx(6 / 8)


def test_summed_over_batches_as_over_all_pixels():
    torch.manual_seed(0)
    predictions, targets = torch.randint(0, 19, (6, 8, 8)), torch.randint(0, 19, (6, 8, 8))
    whole, parts = ParsingScores(), ParsingScores()
    whole.update(predictions, targets)
    for part in ((0, 1), (1, 4), (4, 6)):
        parts.update(predictions[slice(*part)], targets[slice(*part)])
    assert parts.compute() == whole.compute()
    parts.reset()
    assert parts.confusion.sum() == 0


def test_ignored_pixels():
    scores = ParsingScores()
    scores.update(torch.tensor([[[13, 1]]]), torch.tensor([[[13, -100]]]))
    assert scores.confusion.sum() == 1
    assert scores.confusion[Region.HAIR, Region.HAIR] == 1
