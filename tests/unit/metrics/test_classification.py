import math

import pytest
import torch
from torch.nn.functional import one_hot

from hairgan.metrics.classification import AttributeScores, fit_temperature, fit_temperatures

HEADS = {"bangs": ("no_bangs", "bangs"), "color": ("black", "brown", "blond"), "gender": ("female", "male")}


def test_by_hand():
    targets = torch.tensor([[0, 0, -1], [0, 1, -1], [1, -1, -1], [1, 1, -1]])
    predicted = torch.tensor([[0, 0, 0], [1, 1, 0], [1, 2, 0], [1, 0, 1]])
    logits = {head: one_hot(predicted[:, i], len(HEADS[head])).float() for i, head in enumerate(HEADS)}
    scores = AttributeScores(HEADS)
    for rows in (slice(0, 3), slice(3, 4)):
        scores.update({head: value[rows] for head, value in logits.items()}, targets[rows])
    result = {name: value.item() for name, value in scores.compute().items()}
    assert scores.confusion("bangs").tolist() == [[1, 1], [0, 2]]
    assert scores.confusion("color").tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert result["accuracy/bangs"] == pytest.approx(3 / 4)
    assert result["accuracy/color"] == pytest.approx(2 / 3)
    assert result["f1/bangs"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert result["f1/color"] == pytest.approx(2 / 3)  # black and brown 2/3 each; blond does not occur
    assert math.isnan(result["accuracy/gender"])
    assert result["mean_accuracy"] == pytest.approx((3 / 4 + 2 / 3) / 2)


def test_finds_the_temperature():
    torch.manual_seed(0)
    honest = 2 * torch.randn(20_000, 3)
    targets = torch.multinomial(honest.softmax(1), 1)[:, 0]
    for temperature in (0.4, 1.0, 3.0):
        assert fit_temperature(temperature * honest, targets) == pytest.approx(temperature, rel=0.03)


def test_temperatures_of_all_heads():
    logits = {"bangs": torch.tensor([[5.0, 0.0], [0.0, 5.0]]), "length": torch.zeros(2, 3)}
    targets = torch.tensor([[0, -1], [1, -1]])
    temperatures = fit_temperatures(logits, targets)
    assert temperatures[0].item() == pytest.approx(0.1, rel=0.3)  # always right: as sure as allowed
    assert temperatures[1].item() == 1.0  # nothing known
