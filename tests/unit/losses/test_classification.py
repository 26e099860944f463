import math

import pytest
import torch

from hairgan.losses.classification import class_weights, masked_cross_entropies

HEADS = {"bangs": ("no_bangs", "bangs"), "color": ("black", "brown", "blond")}


def test_unknown_targets_do_not_count():
    logits = {"bangs": torch.tensor([[0.0, math.log(3)], [9.0, -9.0]], requires_grad=True), "color": torch.zeros(2, 3)}
    losses = masked_cross_entropies(logits, torch.tensor([[1, -1], [-1, -1]]))
    assert losses["bangs"].item() == pytest.approx(-math.log(0.75))
    assert losses["color"].item() == 0
    losses["bangs"].backward()
    assert (logits["bangs"].grad[1] == 0).all()


def test_weights_balance_the_classes():
    targets = torch.tensor([[0, 0], [0, 0], [0, 1], [1, -1]])
    weights = class_weights(targets, HEADS)
    torch.testing.assert_close(weights["bangs"], torch.tensor([4 / 6, 4 / 2]))
    torch.testing.assert_close(weights["color"], torch.tensor([3 / 4, 3 / 2, 1.0]))  # blond never occurs
    logits = {"bangs": torch.randn(4, 2), "color": torch.randn(4, 3)}
    losses = masked_cross_entropies(logits, targets, weights)
    each = torch.nn.functional.cross_entropy(logits["bangs"], targets[:, 0], reduction="none")
    assert losses["bangs"].item() == pytest.approx(((each[:3].mean() + each[3]) / 2).item(), rel=1e-5)
