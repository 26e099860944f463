"""The face parser's module."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from hairgan.networks.bisenet import BiSeNet
from hairgan.networks.resnet import ResNet
from lightning_modules import FaceParserModule


@pytest.mark.parametrize("wanted", [False, True])
def test_imagenet_weights_are_loaded_where_they_are_wanted(wanted, monkeypatch):
    loaded = []
    monkeypatch.setattr(ResNet, "load_imagenet", lambda trunk: loaded.append(trunk))
    parser = BiSeNet(base_width=4)
    FaceParserModule(parser, optimizer=partial(torch.optim.SGD, lr=0.1), imagenet=wanted)
    assert loaded == ([parser.backbone] if wanted else [])
