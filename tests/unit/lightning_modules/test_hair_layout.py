"""The hair layout network's module."""

from __future__ import annotations

from functools import partial

import torch

from hairgan.networks.hair_layout import HairLayoutNet
from lightning_modules import HairLayoutModule


def module(weight: float = 1.0) -> HairLayoutModule:
    torch.manual_seed(0)
    return HairLayoutModule(
        HairLayoutNet(image_size=32), optimizer=partial(torch.optim.SGD, lr=0.1), lambda_jaccard=weight
    )


def test_the_overlap_is_weighted() -> None:
    batch = {name: torch.randint(0, 19, (2, 32, 32)) for name in ("source", "reference", "target")}
    for weight in (0.0, 2.0):
        (phase,) = module(weight).phases(batch)
        loss = phase.loss()
        expected = loss.terms["cross_entropy"] + weight * loss.terms["jaccard"]
        torch.testing.assert_close(loss.total.detach(), expected)


def test_validation_scores_the_average() -> None:
    tested = module()
    with torch.no_grad():
        for parameter in tested.networks.parameters():
            parameter.zero_()
    batch = {name: torch.randint(0, 19, (2, 32, 32)) for name in ("source", "reference", "target")}
    tested.validation_step(batch, 0)
    expected = (
        tested.averaged("hair_layout")(batch["source"], batch["reference"]).argmax(1) == batch["target"]
    ).float()
    assert float(tested.scores.compute()["pixel_accuracy"]) == float(expected.mean())
