"""Convert 8-bit pictures to the images that networks take, and the images that networks return to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import interpolate

Picture = TypeVar("Picture", UInt8[ndarray, "_ _ 3"], Float32[ndarray, "_ _"], Float32[ndarray, "_ _ _"])


def to_images(pictures: Sequence[UInt8[ndarray, "s s 3"]], device: torch.device) -> Float[Tensor, "b 3 s s"]:
    """Stack pictures as RGB images in [-1, 1]."""
    return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_label_maps(labels: Sequence[UInt8[ndarray, "s s"]], device: torch.device) -> Int64[Tensor, "b s s"]:
    """Stack label maps for the networks."""
    return torch.from_numpy(np.stack(labels)).to(device).long()


def from_images(images: Float[Tensor, "b 3 s s"]) -> list[Float32[ndarray, "s s 3"]]:
    """Pictures with values 0 to 255 in float32, clipped but not rounded."""
    values = (images.float().clamp(-1, 1) + 1) * 127.5
    return list(values.permute(0, 2, 3, 1).cpu().numpy())


def to_bytes(picture: Float32[ndarray, "h w 3"]) -> UInt8[ndarray, "h w 3"]:
    """Round a picture with values 0 to 255 to bytes."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def resize_picture(picture: Picture, size: int) -> Picture:
    """A square picture, or map of values, at another size: bilinear to enlarge, area means to reduce."""
    interpolation = cv2.INTER_AREA if size < len(picture) else cv2.INTER_LINEAR
    return cv2.resize(picture, (size, size), interpolation=interpolation)


def resize_images(images: Float[Tensor, "b c h w"], height: int, width: int) -> Float[Tensor, "b c height width"]:
    """Images (or logits) at another size: bilinear, without aliasing; the same tensor if they have that size."""
    if images.shape[-2:] == (height, width):
        return images
    return interpolate(images, (height, width), mode="bilinear", antialias=True)
