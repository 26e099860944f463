"""Subject: one photo, aligned and parsed; what is worked out about it once and used by every edit of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor, nn

from hairgan.editing.color import hair_color
from hairgan.editing.layout import resize_labels
from hairgan.networks.bisenet import input_size
from hairgan.networks.label_layout import Layout
from hairgan.photos.alignment import Alignment
from hairgan.photos.pixels import resize_picture, to_images
from hairgan.regions import Region

MIN_HAIR = 0.003
"""Share of the crop below which there is no hair to speak of."""
MIN_HAT = 0.01
REFERENCE_SIDE = 2048
"""Most pixels a side that are kept of a reference."""


@dataclass(eq=False)
class Subject:
    """A photo and its aligned crop, at the parser's resolution."""

    photo: UInt8[ndarray, "h w 3"]
    alignment: Alignment
    crop: UInt8[ndarray, "size size 3"]
    labels: UInt8[ndarray, "size size"]
    hair: Float32[ndarray, "size size"]
    """The parser's probability of hair."""
    warnings: tuple[str, ...] = ()
    leaves_crop: bool = False
    """Whether the hair goes on in the photo outside the crop."""
    codes: Float[Tensor, "regions dim"] | None = field(default=None, repr=False)
    """SEAN's style codes, once they were asked for."""
    layouts: dict[bytes, Layout] = field(default_factory=dict, repr=False)
    """SEAN's work on the last label map that was painted for this subject, under the map's bytes."""

    @property
    def hair_share(self) -> float:
        """Share of the crop that is hair."""
        return float((self.labels == Region.HAIR).mean())

    @property
    def has_hair(self) -> bool:
        """Whether there is hair to speak of."""
        return self.hair_share >= MIN_HAIR

    def hair_color(self) -> tuple[Float[ndarray, " 3"], Float[ndarray, " 3"]]:
        """Mean and standard deviation of the hair in Lab."""
        return hair_color(self.crop, self.labels == Region.HAIR)

    def picture(self, size: int) -> UInt8[ndarray, "size size 3"]:
        """The aligned crop at another size, sampled from the photo."""
        return self.crop if size == len(self.crop) else self.alignment.resized(size).crop(self.photo)

    def label_map(self, size: int) -> UInt8[ndarray, "size size"]:
        """The label map at another size."""
        return resize_labels(self.labels, size)

    def probability(self, size: int) -> Float32[ndarray, "size size"]:
        """The probability of hair at another size."""
        return self.hair if size == len(self.hair) else resize_picture(self.hair, size)

    def reduced(self, side: int) -> Subject:
        """The same with a photo of at most `side` pixels a side."""
        height, width = self.photo.shape[:2]
        scale = side / max(height, width)
        if scale >= 1:
            return self
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        photo = cv2.resize(self.photo, size, interpolation=cv2.INTER_AREA)
        matrix = self.alignment.matrix @ np.diag([width / size[0], height / size[1], 1.0])
        return replace(self, photo=photo, alignment=Alignment(matrix, self.alignment.size))

    def cut_out(self) -> Subject:
        """The same with what the crop shows of the photo, for a reference: many of them need little memory."""
        photo, alignment = self.alignment.around(self.photo)
        return replace(self, photo=photo, alignment=alignment).reduced(REFERENCE_SIDE)

    def require_hair(self, what: str) -> None:
        """Raise ValueError if there is no hair."""
        if not self.has_hair:
            raise ValueError(
                f"{what} shows no hair: {self.hair_share:.1%} of its crop, at least {MIN_HAIR:.1%} is needed"
            )


@dataclass(frozen=True, eq=False)
class RoughHead:
    """The head StarGAN v2 made of a subject, and its label map at the parser's resolution."""

    subject: Subject
    picture: UInt8[ndarray, "s s 3"]
    labels: UInt8[ndarray, "size size"]

    def picture_at(self, size: int) -> UInt8[ndarray, "size size 3"]:
        """The picture at another size."""
        return self.picture if size == len(self.picture) else resize_picture(self.picture, size)


class Parser:
    """Aligned crops to label maps and the probability of hair.

    Args:
        network: images in [-1, 1] to logits of 19 regions.

    Attributes:
        size: side of the crops it sees best, px.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network, self.size = network, input_size(network)

    def __call__(
        self, crops: list[UInt8[ndarray, "size size 3"]]
    ) -> list[tuple[UInt8[ndarray, "size size"], Float32[ndarray, "size size"]]]:
        images = to_images(crops, next(self.network.parameters()).device)
        logits = self.network(images).float()
        labels = logits.argmax(1).to(torch.uint8).cpu().numpy()
        hair = logits.softmax(1)[:, Region.HAIR].cpu().numpy()
        return list(zip(labels, hair, strict=True))


def leaves_crop(labels: UInt8[ndarray, "size size"], ramp: Float32[ndarray, "size size"]) -> bool:
    """Whether hair goes on outside the crop.

    Args:
        ramp: 1, below 1 near those edges of the crop beyond which the photo goes on.
    """
    return bool(np.mean((labels == Region.HAIR) & (ramp < 1)) > MIN_HAIR)


def wears_hat(labels: UInt8[ndarray, "size size"]) -> bool:
    """Whether there is a hat to speak of."""
    return bool(np.mean(labels == Region.HAT) > MIN_HAT)
