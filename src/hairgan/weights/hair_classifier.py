"""ResNet-CBAM weights in the layouts of the public CBAM code and of the hair style classifiers made with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from hairgan.networks.hair_classifier import ResNetCBAM
from hairgan.weights.building import build, resnet_arguments

STYLE_CLASSIFIER_PARTS = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
"""The style classifier's `base.N` -> a part of the ResNet; the numbers between are ReLU and pooling."""


def resnet_cbam(state_dict: Mapping[str, Tensor]) -> ResNetCBAM:
    """Build the network from a state dict; depth, width and number of classes are read from it.

    Known layouts: the network itself (`layer1.0.ca.fc1.weight` or, newer, `layer1.0.ca.fc.0.weight`), and the hair
    style classifier (`base.4.0...` with the heads `fc1`, `fc2`, `fc3`), of which only the backbone is taken: what its
    classes mean was never published. A `module.` in front of every name is accepted.

    Raises:
        ValueError: keys are missing or left over, or shapes differ.
    """
    renamed = {}
    for key, value in state_dict.items():
        key = key.removeprefix("module.")
        if base := re.match(r"base\.(\d+)\.", key):
            key = STYLE_CLASSIFIER_PARTS.get(base[1], base[1]) + key.removeprefix(f"base.{base[1]}")
        elif re.match(r"fc[123]\.", key):
            continue
        renamed[key.replace(".ca.fc.0.", ".ca.fc1.").replace(".ca.fc.2.", ".ca.fc2.")] = value
    trunk = resnet_arguments(renamed)
    if trunk is None:
        raise ValueError("not a ResNet-CBAM state dict: neither 'conv1.weight' nor 'base.0.weight' among its keys")
    head = renamed.get("fc.weight")
    num_classes = None if head is None or head.ndim != 2 else len(head)
    return build(ResNetCBAM, {**trunk, "num_classes": num_classes}, renamed)
