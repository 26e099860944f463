"""Published weights for the face parser: the public BiSeNet, or ImageNet's ResNet to start training from.

The public BiSeNet has 191 tensors named `cp.resnet...`, `ffm...`, `conv_out...`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.resnet import ResNet
from hairgan.regions import SWAP_LEFT_RIGHT, TO_BISENET
from hairgan.weights.building import build, resnet_arguments
from hairgan.weights.files import load_exactly, read_state_dict, weights_file

RENAMED: tuple[tuple[str, str], ...] = (
    # official prefix or part (regular expression) -> ours; the official 16 and 32 are strides 8 and 16
    (r"^cp\.resnet\.", "backbone."),
    (r"^cp\.conv_avg\.", "global_context."),
    (r"^cp\.arm(16|32)\.", r"refine\1."),
    (r"^cp\.conv_head(16|32)\.", r"smooth\1."),
    (r"\.conv_atten\.", ".conv_attention."),
    (r"\.bn_atten\.", ".bn_attention."),
    (r"^ffm\.convblk\.", "fusion.conv."),
    (r"^ffm\.conv1\.", "fusion.reduce."),
    (r"^ffm\.conv2\.", "fusion.expand."),
    (r"^conv_out\.", "classifier."),
    (r"^conv_out16\.", "auxiliary8."),
    (r"^conv_out32\.", "auxiliary16."),
    (r"\.conv_out\.weight$", ".score.weight"),
)


def parser(state_dict: Mapping[str, Tensor], *, mirrored: bool = False) -> BiSeNet:
    """Build the parser from a state dict in the public layout; its classes are reordered to the project's order.

    The public names of left and right are the dataset's, i.e. the subject's, as everywhere in the project. The public
    training was meant to exchange them in mirrored images but did not, so its weights often confuse the two sides.

    Args:
        state_dict: tensors under the public names, of any depth and width.
        mirrored: whether these weights call the subject's left eye, brow and ear right; if so, they are exchanged.

    Raises:
        ValueError: keys are missing or left over, or shapes differ.
    """
    trunk = resnet_arguments(state_dict, "cp.resnet.")
    if trunk is None:
        raise ValueError("not a public BiSeNet state dict: of its 191 keys 'cp.resnet.conv1.weight' is missing")
    order = torch.from_numpy(TO_BISENET[SWAP_LEFT_RIGHT] if mirrored else TO_BISENET).long()
    renamed = {}
    for key, value in state_dict.items():
        new_key = key
        for pattern, replacement in RENAMED:
            new_key = re.sub(pattern, replacement, new_key)
        if new_key.endswith(".score.weight") and value.ndim and len(value) == len(order):
            value = value[order]
        renamed[new_key] = value
    return build(BiSeNet, trunk, renamed)


def load_imagenet(trunk: ResNet, path: Path | str | None = None) -> None:
    """Fill the parser's trunk with torchvision's ImageNet weights, to start training from.

    Args:
        trunk: a ResNet of the published width, `BiSeNet(...).backbone`.
        path: torchvision's file; None uses torch hub's cache, into which the file is downloaded if necessary.

    Raises:
        ValueError: the trunk has another width, or the file is missing, damaged or of another network.
    """
    if trunk.base_width != 64:
        raise ValueError(f"ImageNet weights exist for a base width of 64, not {trunk.base_width}")
    from torchvision import models  # slow

    url = models.get_model_weights(f"resnet{trunk.depth}")["IMAGENET1K_V1"].url
    file = weights_file(url, path, "the face parser's trunk", "train without it (model.imagenet=false)")
    # old files have no batch counters; then the network's own, which are 0, stay
    counters = {key: value for key, value in trunk.state_dict().items() if key.endswith(".num_batches_tracked")}
    state = {key: value for key, value in read_state_dict(file).items() if not key.startswith("fc.")}
    load_exactly(trunk, counters | state, source=str(file))
