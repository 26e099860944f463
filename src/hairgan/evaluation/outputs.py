"""The outputs of each family's networks in batches: what metrics look at, those of your own too.

All tensors are on the device of the evaluation. Images are floats in [-1, 1], label maps hold regions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from hairgan.metrics.registry import Mode
from hairgan.regions import Region


@dataclass(frozen=True)
class Translated:
    """StarGAN v2: b sources, and their n outputs each for a target domain.

    Attributes:
        labels: label maps of the sources; None for a dataset without any.
        target: name of the domain.
        mode: where the styles come from.
    """

    sources: Float[Tensor, "b 3 h w"]
    labels: Int64[Tensor, "b h w"] | None
    outputs: Float[Tensor, "b n 3 h w"]
    target: str
    mode: Mode


@dataclass(frozen=True)
class Painted:
    """SEAN: images, their reconstructions, and the same images painted with the hair style of references.

    Without edits, references and edited images are the images and their reconstructions.
    """

    images: Float[Tensor, "b 3 h w"]
    labels: Int64[Tensor, "b h w"]
    painted: Float[Tensor, "b 3 h w"]
    references: Float[Tensor, "b 3 h w"]
    reference_labels: Int64[Tensor, "b h w"]
    edited: Float[Tensor, "b 3 h w"]

    @property
    def hair(self) -> Bool[Tensor, "b h w"]:
        return self.labels == Region.HAIR

    @property
    def reference_hair(self) -> Bool[Tensor, "b h w"]:
        return self.reference_labels == Region.HAIR


@dataclass(frozen=True)
class Parsed:
    """The face parser: images, their true label maps, and those that the parser sees."""

    images: Float[Tensor, "b 3 h w"]
    labels: Int64[Tensor, "b h w"]
    parsed: Int64[Tensor, "b h w"]


@dataclass(frozen=True)
class Classified:
    """The hair classifier: images, the probabilities of each head's classes, and the true classes.

    Attributes:
        targets: one column per head; `hairgan.hair_attributes.UNKNOWN` where the class is unknown.
    """

    images: Float[Tensor, "b 3 h w"]
    probabilities: Mapping[str, Float[Tensor, "b _"]]
    targets: Int64[Tensor, "b heads"]


@dataclass(frozen=True)
class LaidOut:
    """The hair layout network: label maps of heads, of references, of the predicted new heads and of the true ones."""

    sources: Int64[Tensor, "b h w"]
    references: Int64[Tensor, "b h w"]
    predicted: Int64[Tensor, "b h w"]
    targets: Int64[Tensor, "b h w"]


OUTPUTS = {
    "stargan": Translated,
    "sean": Painted,
    "face_parser": Parsed,
    "hair_classifier": Classified,
    "hair_layout": LaidOut,
}
"""Family -> what a metric's `update` gets."""
