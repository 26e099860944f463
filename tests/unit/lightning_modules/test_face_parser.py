"""The face parser's module."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from hairgan.networks.face_parser import BiSeNet
from lightning_modules import FaceParserModule


@pytest.mark.parametrize("imagenet", [False, True])
def test_imagenet_weights_are_loaded_only_if_chosen(imagenet, monkeypatch):
    loaded = []
    monkeypatch.setattr("lightning_modules.face_parser.load_imagenet", lambda trunk: loaded.append(trunk))
    parser = BiSeNet(base_width=4)
    FaceParserModule(parser, optimizer=partial(torch.optim.SGD, lr=0.1), imagenet=imagenet)
    assert loaded == ([parser.backbone] if imagenet else [])


def test_the_jaccard_loss_is_a_separate_term():
    torch.manual_seed(0)
    batch = {"images": torch.randn(2, 3, 32, 32), "labels": torch.randint(0, 19, (2, 32, 32))}
    losses, parser = {}, BiSeNet(base_width=4).eval()
    for weight in (0.0, 2.0):
        module = FaceParserModule(parser, optimizer=partial(torch.optim.SGD, lr=0.1), lambda_jaccard=weight)
        (phase,) = module.phases(batch)
        losses[weight] = phase.loss()
    assert losses[0.0][1] == {}
    terms = losses[2.0][1]
    torch.testing.assert_close(losses[2.0][0].detach(), terms["cross_entropy"] + 2 * terms["jaccard"])
    torch.testing.assert_close(losses[0.0][0].detach(), terms["cross_entropy"])
