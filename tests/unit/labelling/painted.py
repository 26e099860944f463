"""Photos that are their own label maps: faces painted in the palette, and a parser that reads the paint."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor, nn

from hairgan.regions import PALETTE, Region, colorize


class PaintParser(nn.Module):
    """Logits by distance to the palette's colours."""

    def __init__(self, image_size: int = 256) -> None:
        super().__init__()
        self.image_size = image_size
        self.colors = nn.Parameter(torch.from_numpy(PALETTE).float() / 127.5 - 1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 19 h w"]:
        return -20 * (images[:, None] - self.colors[:, :, None, None]).abs().sum(dim=2)


def face(hair_bottom: float, *, bangs: bool = False, size: int = 256) -> UInt8[ndarray, "s s"]:
    """A label map: hair hangs down to `hair_bottom` (share of the height); the chin is at 0.8."""
    labels = np.zeros((size, size), np.uint8)

    def paint(region: Region, x: float, y: float, width: float, height: float) -> None:
        centre, axes = (round(x * size), round(y * size)), (round(width * size / 2), round(height * size / 2))
        cv2.ellipse(labels, centre, axes, 0, 0, 360, int(region), -1)

    cv2.rectangle(labels, (size // 5, size // 4), (size * 4 // 5, round(hair_bottom * size)), int(Region.HAIR), -1)
    paint(Region.HAIR, 0.5, 0.3, 0.64, 0.5)
    paint(Region.SKIN, 0.5, 0.52, 0.46, 0.56)
    paint(Region.R_EYE, 0.4, 0.47, 0.08, 0.04)
    paint(Region.L_EYE, 0.6, 0.47, 0.08, 0.04)
    paint(Region.U_LIP, 0.5, 0.66, 0.14, 0.03)
    if bangs:
        cv2.rectangle(labels, (size // 4, size // 4), (size * 3 // 4, round(0.43 * size)), int(Region.HAIR), -1)
    return labels


def photo(hair_bottom: float, **kinds: bool) -> UInt8[ndarray, "s s 3"]:
    return colorize(face(hair_bottom, **kinds))
