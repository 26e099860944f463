"""The hair classifier's module."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hairgan.hair_attributes import HEADS
from hairgan.networks.hair_classifier import HairClassifier
from lightning_modules import HairClassifierModule


def test_an_attribute_that_no_training_image_has_gives_a_warning():
    targets = np.zeros((4, len(HEADS)), np.int64)
    targets[:, list(HEADS).index("texture")] = -1
    module = HairClassifierModule(HairClassifier(base_width=4), optimizer=partial(torch.optim.SGD, lr=0.1))
    batches = SimpleNamespace(targets=targets, indices=np.arange(4))
    module._trainer = SimpleNamespace(datamodule=SimpleNamespace(batches=lambda split: batches))
    with pytest.warns(UserWarning, match="no training image has a known texture: the classifier does not learn it"):
        module.on_fit_start()
