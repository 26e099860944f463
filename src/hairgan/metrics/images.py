"""The first step of every metric: check images, and quantize them to the bytes of a saved picture."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Shaped, UInt8
from torch import Tensor

Images = Float[Tensor, "_ 3 _ _"] | UInt8[Tensor, "_ 3 _ _"]
"""A batch of images, `B 3 H W`: floats in [-1, 1], or bytes."""

Masks = Bool[Tensor, "_ _ _"]
"""A mask per image, `B H W`."""


def as_bytes(images: Shaped[Tensor, "*b 3 h w"]) -> UInt8[Tensor, "*b 3 h w"]:
    """Quantize images as they are written to a file: `floor(clamp((x + 1) / 2) * 255 + 0.5)`; bytes pass unchanged.

    Raises:
        ValueError: an image holds NaN or infinite values.
    """
    if images.dtype == torch.uint8:
        return images
    finite = images.isfinite().flatten(-3).all(-1)
    if not finite.all():
        raise ValueError(f"{int((~finite).sum())} of {finite.numel()} images hold NaN or infinite values")
    return ((images.float() + 1) / 2).clamp(0, 1).mul(255).add(0.5).to(torch.uint8)


def as_unit(images: Images) -> Float[Tensor, "b 3 h w"]:
    """Quantized images as floats in [0, 1]."""
    return as_bytes(images).float() / 255


def check_same_shape(a: Tensor, b: Tensor, what: str) -> None:
    """Raise a `ValueError` if two batches differ in shape."""
    if a.shape != b.shape:
        raise ValueError(f"{what} differ in shape: {tuple(a.shape)} and {tuple(b.shape)}")
