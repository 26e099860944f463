"""The rough head of a restyling: what StarGAN v2 makes of a photo, in the style of a domain or of references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.editing.batching import batches
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.references import WeightedReference
from hairgan.editing.restyler import Restyler
from hairgan.photos.network_images import from_images, resize_picture, to_bytes, to_images, to_label_maps
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region


@dataclass(frozen=True, eq=False)
class StyleRequest:
    """A photo, and the hair style it is to have."""

    photo: ParsedPhoto
    references: tuple[WeightedReference, ...]
    """Whose hair style to take; empty to draw one from the domain."""
    domain: str | None
    """The domain of the style. With references, the domain to read them as; None chooses the one that fits best."""
    seed: int
    """Of a style that is drawn."""
    psi: float
    """Truncation of a style that is drawn: 1 as drawn, 0 the domain's mean."""


@dataclass(frozen=True, eq=False)
class RoughHead:
    """The head that StarGAN v2 made of a photo, and its label map at the parser's resolution."""

    photo: ParsedPhoto
    picture: UInt8[ndarray, "s s 3"]
    labels: UInt8[ndarray, "size size"]

    def picture_at(self, size: int) -> UInt8[ndarray, "size size 3"]:
        """The picture at another size."""
        return self.picture if size == len(self.picture) else resize_picture(self.picture, size)


class RoughHeadMaker:
    """Finds styles, makes rough heads in them, and parses these.

    Args:
        restyler: the networks of StarGAN v2.
        parser: the face parser.
        batch_size: heads that are made at a time in the search for a domain.
    """

    def __init__(self, restyler: Restyler, parser: FaceParser, batch_size: int) -> None:
        self.restyler, self.parser, self.batch_size = restyler, parser, batch_size
        self.device = parser.device

    def style(self, request: StyleRequest) -> Float[Tensor, " style"]:
        """The style code of a request; of several references the mean, weighted by their shares."""
        if not request.references:
            assert request.domain is not None
            return self.restyler.style_of_domain(request.domain, request.seed, request.psi)
        total = torch.zeros((), device=self.device)
        for reference in request.references:
            domain = request.domain or self.closest_domain(request.photo, reference.photo)
            style = self.restyler.style_of_images(self._images([reference.photo]), domain)[0]
            total = total + reference.share * style
        return total

    def closest_domain(self, photo: ParsedPhoto, reference: ParsedPhoto) -> str:
        """The domain for whose style of the reference the rough head's hair overlaps the reference's hair most."""
        image, target = self._images([reference]), reference.labels == Region.HAIR
        overlaps = {}
        for names in batches(self.restyler.domains, self.batch_size):
            styles = torch.cat([self.restyler.style_of_images(image, name) for name in names])
            for name, head in zip(names, self.make([photo] * len(names), styles), strict=True):
                hair = head.labels == Region.HAIR
                overlaps[name] = (hair & target).sum() / (hair | target).sum()
        return max(overlaps, key=lambda name: overlaps[name])

    def make(self, photos: Sequence[ParsedPhoto], styles: Float[Tensor, "b style"]) -> list[RoughHead]:
        """The rough heads of photos in the given styles, as one batch."""
        labels = to_label_maps([photo.labels_at(self.restyler.size) for photo in photos], self.device)
        pictures = [to_bytes(picture) for picture in from_images(self.restyler(self._images(photos), styles, labels))]
        parsed = self.parser.parse([resize_picture(picture, self.parser.size) for picture in pictures])
        return [
            RoughHead(photo, picture, crop.labels)
            for photo, picture, crop in zip(photos, pictures, parsed, strict=True)
        ]

    def _images(self, photos: Sequence[ParsedPhoto]) -> Float[Tensor, "b 3 s s"]:
        return to_images([photo.crop_at(self.restyler.size) for photo in photos], self.device)
