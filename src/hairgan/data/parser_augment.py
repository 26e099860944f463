"""The face parser's published augmentation: colors, mirroring, scale and crop, drawn by the loader, applied on devices.

Two things differ from the public code. Mirrored label maps exchange left and right, which the public code was meant to
do but did not. And scaling and cropping are one resampling instead of two, without antialiasing when an image shrinks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.data.augment import crop, crop_labels, flip_images, flip_labels

SCALES = (0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
COLOR_RANGE = (0.5, 1.5)
CROP_SHARE = 448 / 512
"""Side of the training crop as a share of the image's."""


def draw_color_factors(rng: np.random.Generator, count: int) -> Float32[ndarray, "b 3"]:
    """Factors of brightness, contrast and saturation for each image."""
    return rng.uniform(*COLOR_RANGE, size=(count, 3)).astype(np.float32)


def draw_scaled_crops(
    rng: np.random.Generator, count: int, size: int, crop_size: int, scales: Sequence[float] = SCALES
) -> Float32[ndarray, "b 4"]:
    """Draw the positions of crops of `crop_size` pixels in images of `size` pixels that are first scaled at random.

    An image that would be smaller than the crop is scaled to one pixel more than the crop.

    Args:
        scales: the factors to draw from.

    Returns:
        boxes `(left, top, width, height)` as shares of the image's side.
    """
    scaled = (size * rng.choice(scales, size=count)).astype(np.int64)
    scaled = np.where(scaled < crop_size, crop_size + 1, scaled)
    offsets = (rng.random((count, 2)) * (scaled - crop_size)[:, None]).astype(np.int64)
    side = np.broadcast_to(crop_size, (count, 2))
    return (np.concatenate([offsets, side], axis=1) / scaled[:, None]).astype(np.float32)


def jitter_colors(images: Float[Tensor, "b 3 h w"], factors: Float[Tensor, "b 3"]) -> Float[Tensor, "b 3 h w"]:
    """Change brightness, then contrast, then saturation, as Pillow's `ImageEnhance` does but without rounding.

    Args:
        images: in [-1, 1].
        factors: brightness, contrast and saturation; 1 changes nothing.
    """
    brightness, contrast, saturation = factors.to(images)[:, :, None, None, None].unbind(1)
    x = ((images + 1) / 2 * brightness).clamp(0, 1)
    mean = _luma(x).mean(dim=(2, 3), keepdim=True)
    x = torch.lerp(mean, x, contrast).clamp(0, 1)
    x = torch.lerp(_luma(x), x, saturation).clamp(0, 1)
    return 2 * x - 1


def augment_for_parsing(
    images: Float[Tensor, "b 3 h w"],
    labels: Int64[Tensor, "b h w"],
    *,
    factors: Float[Tensor, "b 3"],
    flips: Bool[Tensor, " b"],
    boxes: Float[Tensor, "b 4"],
    crop_size: int,
) -> tuple[Float[Tensor, "b 3 crop crop"], Int64[Tensor, "b crop crop"]]:
    """Colors, mirroring, then scale and crop; bilinear for the images, nearest for the labels.

    Args:
        images: in [-1, 1].
        factors: from `draw_color_factors`.
        flips: which images to mirror; published: each with probability 0.5.
        boxes: from `draw_scaled_crops`.
        crop_size: side of the result, pixels.
    """
    images, labels = flip_images(jitter_colors(images, factors), flips), flip_labels(labels, flips)
    return crop(images, boxes, size=crop_size), crop_labels(labels, boxes, crop_size)


def _luma(x: Tensor) -> Tensor:
    return (x * x.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(dim=1, keepdim=True)
