"""The public face-parsing BiSeNet weights: 191 tensors named `cp.resnet...`, `ffm...`, `conv_out...`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from hairgan.networks.face_parser import BiSeNet
from hairgan.regions import SWAP_LEFT_RIGHT, TO_BISENET
from hairgan.weights.building import build

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
    """Build the parser from a state dict in the public layout; its classes come out in the project's order.

    The public names of left and right are the dataset's, i.e. the subject's, as everywhere in the project. The public
    training meant to exchange them in mirrored images but did not, so that its weights tell sides apart poorly.

    Args:
        state_dict: tensors under the public names, of any depth and width.
        mirrored: these weights call the subject's left eye, brow and ear right: exchange them.

    Raises:
        ValueError: keys are missing or left over, or shapes differ.
    """
    stem = state_dict.get("cp.resnet.conv1.weight")
    if stem is None or stem.ndim != 4:
        raise ValueError("not a public BiSeNet state dict: of its 191 keys 'cp.resnet.conv1.weight' is missing")
    depth = 18
    if "cp.resnet.layer3.5.conv2.weight" in state_dict:
        depth = 50 if "cp.resnet.layer3.5.conv3.weight" in state_dict else 34
    order = torch.from_numpy(TO_BISENET[SWAP_LEFT_RIGHT] if mirrored else TO_BISENET).long()
    renamed = {}
    for key, value in state_dict.items():
        new_key = key
        for pattern, replacement in RENAMED:
            new_key = re.sub(pattern, replacement, new_key)
        if new_key.endswith(".score.weight") and value.ndim and len(value) == len(order):
            value = value[order]
        renamed[new_key] = value
    return build(BiSeNet, {"depth": depth, "base_width": stem.shape[0]}, renamed)
