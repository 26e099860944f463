"""Requirements of a training on its data, checked before the first step.

Batches, modules and callbacks declare requirements; `unmet` compares them with what a dataset offers:

    class MyBatches(Batches):
        requires = (*Batches.requires, LabelMaps("to paint from"))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from hairgan.data.attribute_targets import attribute_targets
from hairgan.data.packed_dataset import PackedDataset
from hairgan.hair_attributes import HEADS, UNKNOWN


@dataclass(frozen=True)
class Offer:
    """A dataset with its domains: what there is to train and to measure on.

    Attributes:
        dataset: the packed dataset.
        domains: the K names.
        membership: which image is in which domain.
    """

    dataset: PackedDataset
    domains: Sequence[str]
    membership: Bool[ndarray, "n k"]

    def images(self, split: str) -> int:
        return len(self.dataset.split(split))

    def images_of(self, split: str) -> dict[str, int]:
        """Number of images of a split, by domain."""
        return dict(zip(self.domains, self.membership[self.dataset.split(split)].sum(0).tolist(), strict=True))

    def known(self, split: str) -> dict[str, int]:
        """Number of images of a split for which an attribute is known, by attribute."""
        known = (self._targets[self.dataset.split(split)] != UNKNOWN).sum(0)
        return dict(zip(HEADS, known.tolist(), strict=True))

    @cached_property
    def _targets(self) -> Int64[ndarray, "n heads"]:
        return attribute_targets(self.dataset.attributes)


class Requirement(ABC):
    """Something that data must have."""

    @abstractmethod
    def unmet(self, offer: Offer) -> str | None:
        """What is missing, as in "X needs ...", or None."""


@dataclass(frozen=True)
class LabelMaps(Requirement):
    """Label maps of the images."""

    purpose: str

    def unmet(self, offer: Offer) -> str | None:
        if offer.dataset.labels is not None:
            return None
        return f"label maps {self.purpose}, and the dataset has none (data=celeba_hq and data=portraits have them)"


@dataclass(frozen=True)
class SharedHair(Requirement):
    """Drawn people who wear each other's hairstyles."""

    def unmet(self, offer: Offer) -> str | None:
        return self.missing_in(offer.dataset)

    @staticmethod
    def missing_in(dataset: PackedDataset) -> str | None:
        """What is missing in a dataset; None where it has shared hairstyles."""
        if {"group", "person", "hairstyle"} <= set(dataset.attributes.columns):
            return None
        return "people who share their hairstyles (data=portraits data.shared_hair=10)"


@dataclass(frozen=True)
class KnownAttributes(Requirement):
    """Images of which an attribute that the hair classifier learns is known."""

    split: str

    def unmet(self, offer: Offer) -> str | None:
        if any(offer.known(self.split).values()):
            return None
        return (
            f"images of which {', '.join(HEADS)} or one of them is known, and the split '{self.split}' has none "
            "(data=celeba_hq and data=portraits have them; `hairgan label` finds them for photos)"
        )


@dataclass(frozen=True)
class Images(Requirement):
    """Images of a split."""

    split: str
    at_least: int = 1

    def unmet(self, offer: Offer) -> str | None:
        found = offer.images(self.split)
        if found >= self.at_least:
            return None
        return f"{_images(self.at_least)} in the split '{self.split}', which has {found or 'none'}"


@dataclass(frozen=True)
class SeveralDomains(Requirement):
    """More than one domain."""

    def unmet(self, offer: Offer) -> str | None:
        if len(offer.domains) > 1:
            return None
        return f"two domains or more, and there is only {', '.join(offer.domains)}"


@dataclass(frozen=True)
class ImagesOfEachDomain(Requirement):
    """Images of every domain in a split."""

    split: str
    at_least: int = 1

    def unmet(self, offer: Offer) -> str | None:
        few = {name: n for name, n in offer.images_of(self.split).items() if n < self.at_least}
        if not few:
            return None
        found = ", ".join(f"{name} has {n or 'none'}" for name, n in few.items())
        return f"{_images(self.at_least)} of each domain in the split '{self.split}', where {found}"


@dataclass(frozen=True)
class ImagesToTranslate(Requirement):
    """An image that is in one domain and not in another."""

    split: str

    def unmet(self, offer: Offer) -> str | None:
        inside = offer.membership[offer.dataset.split(self.split)]
        if np.any(inside.any(1) & ~inside.all(1)):
            return None
        return f"an image in the split '{self.split}' that is in one domain and not in another, and there is none"


def unmet(requirements: Iterable[Requirement], offer: Offer) -> str | None:
    """The first requirement that a dataset does not meet, as in "X needs ..."; None where it meets all."""
    return next((missing for requirement in requirements if (missing := requirement.unmet(offer))), None)


def _images(count: int) -> str:
    return "an image" if count == 1 else f"{count} images or more"
