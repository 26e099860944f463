"""The residual trunk of the face parser and the hair classifier (He et al. 2016, "Deep residual learning").

At width 64 it is torchvision's ResNet without the last layers, with the same parameter names. The widths of
torchvision's own class are fixed, and small models for CPUs need narrower ones.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from hairgan.networks.residual_blocks import BasicBlock, Bottleneck

Network = TypeVar("Network", bound=nn.Module)
Block = type[BasicBlock] | type[Bottleneck]

PLAIN_BLOCKS: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
}
"""Depth -> block and number of blocks in each of the four stages."""


class ResNet(nn.Module):
    """Stem and four stages; with the published stem, stage i has stride 4, 8, 16, 32.

    Args:
        depth: 18, 34 or 50.
        base_width: channels of the stem and of the first stage's blocks; each further stage doubles them.
        blocks: depth -> block class and numbers of blocks, e.g. for blocks with attention.
        stem_stride: 4 as published; 2 leaves out the stem's pooling, 1 also its stride. All strides shrink with it, so
            that small images keep their detail; the parameters stay the same.

    Raises:
        ValueError: for another depth or stem.
    """

    def __init__(
        self,
        depth: int = 18,
        base_width: int = 64,
        blocks: Mapping[int, tuple[Block, tuple[int, ...]]] = PLAIN_BLOCKS,
        stem_stride: int = 4,
    ) -> None:
        super().__init__()
        if depth not in blocks:
            raise ValueError(f"the depth of a ResNet must be one of {', '.join(map(str, blocks))}, not {depth}")
        if stem_stride not in (1, 2, 4):
            raise ValueError(f"the stride of a ResNet's stem must be 1, 2 or 4, not {stem_stride}")
        block, numbers = blocks[depth]
        self.depth, self.base_width = depth, base_width
        self.channels = tuple(base_width * 2**stage * block.expansion for stage in range(4))
        self.conv1 = nn.Conv2d(3, base_width, 7, stride=min(stem_stride, 2), padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base_width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if stem_stride == 4 else nn.Identity()
        width1, width2, width3, width4 = self.channels
        self.layer1 = _stage(block, base_width, width1, numbers[0], stride=1)
        self.layer2 = _stage(block, width1, width2, numbers[1], stride=2)
        self.layer3 = _stage(block, width2, width3, numbers[2], stride=2)
        self.layer4 = _stage(block, width3, width4, numbers[3], stride=2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stages(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The outputs of the four stages; with the published stem, at 1/4, 1/8, 1/16 and 1/32 of the input size.

        Sides are rounded up.
        """
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        features = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            features.append(x)
        return features


def _stage(block: Block, width_in: int, width_out: int, number: int, stride: int) -> nn.Sequential:
    width = width_out // block.expansion
    shortcut = None
    if stride != 1 or width_in != width_out:
        shortcut = nn.Sequential(nn.Conv2d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm2d(width_out))
    further = [block(width_out, width, 1, None) for _ in range(number - 1)]
    return nn.Sequential(block(width_in, width, stride, shortcut), *further)


def fold_batch_norm(network: Network) -> Network:
    """A copy for inference in channels-last layout, with each batch norm folded into the convolution before it.

    For the trunk and the networks built on it (`BiSeNet`, `HairClassifier`), in which `bn`, `bn1`, ... directly follow
    `conv`, `conv1`, ... Outputs are the same up to rounding, on a CPU in about half the time (docs/performance.md).
    """
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        for name, norm in list(module.named_children()):
            if not isinstance(norm, nn.BatchNorm2d):
                continue
            before = "0" if name == "1" else name.replace("bn", "conv")
            conv = getattr(module, before)
            assert isinstance(conv, nn.Conv2d), f"{before}, before {name}, is not a convolution"
            setattr(module, before, fuse_conv_bn_eval(conv, norm))
            setattr(module, name, nn.Identity())
    return folded.to(memory_format=torch.channels_last)
