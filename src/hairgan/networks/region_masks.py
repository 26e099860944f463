"""Masks for StarGAN v2's high-pass skip from label maps, for use without FAN's weights.

They have the same purpose as those of `fan.masks_from_heatmaps`: to keep the fine structure of the face's parts, so
that a translated face stays the same person, and of nothing else, so that the hair is free to change.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from hairgan.networks.stargan import Masks
from hairgan.regions import Region

DETAIL = (Region.NOSE, Region.L_EYE, Region.R_EYE, Region.EYE_G)
OTHER_PARTS = (Region.L_BROW, Region.R_BROW, Region.MOUTH, Region.U_LIP, Region.L_LIP)
BELOW_THE_CHIN = (Region.BACKGROUND, Region.NECK, Region.NECK_L, Region.CLOTH)


@torch.no_grad()
def region_masks(images: Tensor | None, labels: Int[Tensor, "b h w"]) -> Masks:
    """Masks that keep the face's parts: (all parts and the chin line, nose and eyes only), in [0, 1].

    The edges are soft over about a 32nd of the side. Glasses count as eyes. The chin line is where skin ends downward,
    at neck, necklace, cloth or background.

    Args:
        images: not used; an argument only so that `FANMasks` and this function are interchangeable.
        labels: label maps of the source images, even where `images` are translations of them: the skip keeps the face
            in place.

    Returns:
        two masks of shape (b, 1, h, w), float32.
    """
    height = labels.shape[1]
    thickness = max(1, height // 64)
    lower = torch.cat((labels[:, thickness:], labels[:, -1:].expand(-1, thickness, -1)), dim=1)  # labels further down
    chin = (labels == Region.SKIN) & is_any_of(lower, BELOW_THE_CHIN)
    detail = is_any_of(labels, DETAIL)
    everything = detail | is_any_of(labels, OTHER_PARTS) | chin
    return soften(everything, thickness), soften(detail, thickness)


def is_any_of(labels: Int[Tensor, "b h w"], regions: tuple[Region, ...]) -> Bool[Tensor, "b h w"]:
    """Whether each label is one of the regions."""
    return torch.stack([labels == region for region in regions]).any(0)  # (regions, B, h, w) -> (B, h, w)


def soften(region: Bool[Tensor, "b h w"], radius: int) -> Float[Tensor, "b 1 h w"]:
    """A mask that is 1 in the region and falls to 0 within about two radii around it."""
    side = 2 * radius + 1
    mask = F.max_pool2d(region[:, None].float(), side, stride=1, padding=radius)  # (B, h, w) -> (B, 1, h, w)
    return F.avg_pool2d(mask, side, stride=1, padding=radius, count_include_pad=False)
