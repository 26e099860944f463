"""A photo, aligned and parsed: what is known of it before it is edited, and used by every edit of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.editing.color import LabColor, hair_color
from hairgan.networks.label_layout import Layout
from hairgan.photos.alignment import Alignment
from hairgan.photos.network_images import resize_picture
from hairgan.regions import Region, resize_labels

MIN_HAIR = 0.003
"""Share of the crop that hair must cover; with less the photo counts as showing no hair."""
REFERENCE_SIDE = 2048
"""Longest side in pixels of the photo that is kept of a reference."""
PAINTED_SIDE = 512
"""Largest side in pixels of a crop that is painted without a network, unless the parser's is larger."""


@dataclass(eq=False)
class ParsedPhoto:
    """A photo, its aligned crop, and what the parser sees in the crop, all at the parser's resolution."""

    photo: UInt8[ndarray, "h w 3"]
    alignment: Alignment
    crop: UInt8[ndarray, "size size 3"]
    labels: UInt8[ndarray, "size size"]
    hair: Float32[ndarray, "size size"]
    """The parser's probability of hair."""
    warnings: tuple[str, ...] = ()
    leaves_crop: bool = False
    """Whether the hair continues in the photo outside the crop."""
    codes: Float[Tensor, "regions dim"] | None = field(default=None, repr=False)
    """SEAN's style codes, once a painter has computed them."""
    layouts: dict[bytes, Layout] = field(default_factory=dict, repr=False)
    """What SEAN computes from the label map alone, for the map that was painted last; the key is the map's bytes."""

    @property
    def hair_share(self) -> float:
        """Share of the crop that is hair."""
        return float((self.labels == Region.HAIR).mean())

    @property
    def has_hair(self) -> bool:
        """Whether at least `MIN_HAIR` of the crop is hair."""
        return self.hair_share >= MIN_HAIR

    def hair_color(self) -> LabColor:
        """The color of the hair."""
        return hair_color(self.crop, self.labels == Region.HAIR)

    @property
    def painted_size(self) -> int:
        """Side in pixels of the crop painted without a network: that of its part of the photo, within limits."""
        size = len(self.crop)
        return max(size, min(PAINTED_SIDE, round(size / self.alignment.scale)))

    def crop_at(self, size: int) -> UInt8[ndarray, "size size 3"]:
        """The aligned crop at another size, sampled from the photo."""
        return self.crop if size == len(self.crop) else self.alignment.resized(size).crop(self.photo)

    def labels_at(self, size: int) -> UInt8[ndarray, "size size"]:
        """The label map at another size."""
        return resize_labels(self.labels, size)

    def hair_at(self, size: int) -> Float32[ndarray, "size size"]:
        """The probability of hair at another size."""
        return self.hair if size == len(self.hair) else resize_picture(self.hair, size)

    def reduced(self, side: int) -> ParsedPhoto:
        """The same with a photo whose longest side is at most `side` pixels."""
        height, width = self.photo.shape[:2]
        scale = side / max(height, width)
        if scale >= 1:
            return self
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        photo = cv2.resize(self.photo, size, interpolation=cv2.INTER_AREA)
        matrix = self.alignment.matrix @ np.diag([width / size[0], height / size[1], 1.0])
        return replace(self, photo=photo, alignment=Alignment(matrix, self.alignment.size))

    def cut_out(self) -> ParsedPhoto:
        """The same with only the part of the photo that the crop shows, which takes less memory; for references."""
        photo, alignment = self.alignment.around(self.photo)
        return replace(self, photo=photo, alignment=alignment).reduced(REFERENCE_SIDE)

    def require_hair(self, what: str) -> None:
        """Raise ValueError if there is no hair."""
        if not self.has_hair:
            raise ValueError(
                f"{what} shows no hair: {self.hair_share:.1%} of its crop, at least {MIN_HAIR:.1%} is needed"
            )
