"""Augmentation on the device, with parameters that the loader has drawn.

The loader draws from counter-based numpy generators (`hairgan.randomness`); the functions here apply the draws to a
whole batch at once. They take images as bytes, as stored on disk, and return floats in [-1, 1].
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float32, Int64, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.regions import swap_left_right

WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)


def draw_crops(
    rng: np.random.Generator,
    count: int,
    probability: float,
    *,
    area: tuple[float, float] = (0.8, 1.0),
    aspect: tuple[float, float] = (0.9, 1.1),
    attempts: int = 10,
) -> Float32[ndarray, "b 4"]:
    """Draw crop boxes as torchvision's `RandomResizedCrop` does (StarGAN v2's training transform).

    Area is uniform, aspect ratio log-uniform. A box that does not fit is drawn again; after `attempts` draws, the whole
    image is used.

    Args:
        rng: the generator; the number of draws does not depend on their values.
        count: number of boxes B.
        probability: of a crop; otherwise the box is the whole image.
        area: smallest and largest area of a crop, as a share of the image's.
        aspect: smallest and largest width / height of a crop.
        attempts: draws per box.

    Returns:
        boxes `(left, top, width, height)` as shares of the image's side.
    """
    cropped = rng.random(count) < probability
    areas = rng.uniform(*area, size=(count, attempts))
    ratios = np.exp(rng.uniform(math.log(aspect[0]), math.log(aspect[1]), size=(count, attempts)))
    offsets = rng.random((count, 2))
    widths, heights = np.sqrt(areas * ratios), np.sqrt(areas / ratios)
    fits = (widths <= 1) & (heights <= 1)
    rows, first = np.arange(count), fits.argmax(axis=1)
    boxes = np.tile(np.asarray(WHOLE_IMAGE), (count, 1))
    use = cropped & fits.any(axis=1)
    size = np.stack([widths[rows, first], heights[rows, first]], axis=1)
    boxes[use, :2] = (offsets * (1 - size))[use]
    boxes[use, 2:] = size[use]
    return boxes.astype(np.float32)


def to_float(images: UInt8[Tensor, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """Bytes as on disk to floats in [-1, 1]."""
    return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_bytes(images: Float[Tensor, "b 3 h w"]) -> UInt8[Tensor, "b h w 3"]:
    """Floats in [-1, 1] to bytes, rounded to nearest and clamped (StarGAN v2's way of writing pictures)."""
    return images.detach().float().add(1).mul(127.5).add(0.5).floor().clamp(0, 255).byte().permute(0, 2, 3, 1)


def crop(
    images: Float[Tensor, "b c h w"], boxes: Float[Tensor, "b 4"], mode: str = "bilinear", size: int | None = None
) -> Float[Tensor, "b c out_h out_w"]:
    """Cut a box out of each image and resize it.

    Args:
        images: images, or label maps as floats with `mode="nearest"`.
        boxes: `(left, top, width, height)` as shares of the image's side, inside the image.
        mode: interpolation between pixel centers without antialiasing, `"bilinear"` or `"nearest"`.
        size: side of the square result, pixels; by default the result is as large as the images.
    """
    left, top, width, height = boxes.to(images).unbind(1)
    out_height, out_width = images.shape[2:] if size is None else (size, size)
    columns = left[:, None] + width[:, None] * _pixel_centers(out_width, images.device)  # (B, W) in [0, 1]
    rows = top[:, None] + height[:, None] * _pixel_centers(out_height, images.device)
    shape = (len(images), out_height, out_width)
    grid = torch.stack([columns[:, None, :].expand(shape), rows[:, :, None].expand(shape)], dim=-1)  # (B, H, W, 2)
    return F.grid_sample(images, grid * 2 - 1, mode=mode, padding_mode="border", align_corners=False)


def crop_labels(
    labels: Int64[Tensor, "b h w"], boxes: Float[Tensor, "b 4"], size: int | None = None
) -> Int64[Tensor, "b out_h out_w"]:
    """As `crop`, for label maps: nearest neighbor."""
    return crop(labels[:, None].float(), boxes, "nearest", size)[:, 0].long()


def flip_images(images: Float[Tensor, "b c h w"], flips: Bool[Tensor, " b"]) -> Float[Tensor, "b c h w"]:
    """Mirror the images whose flag is set."""
    return torch.where(flips[:, None, None, None], images.flip(-1), images)


def flip_labels(labels: Int64[Tensor, "b h w"], flips: Bool[Tensor, " b"]) -> Int64[Tensor, "b h w"]:
    """Mirror the label maps whose flag is set, and exchange their left and right regions."""
    return torch.where(flips[:, None, None], swap_left_right(labels.flip(-1)), labels)


def _pixel_centers(count: int, device: torch.device) -> Float[Tensor, " n"]:
    """Centers of `count` pixels side by side, as shares of their whole width."""
    return (torch.arange(count, device=device) + 0.5) / count
