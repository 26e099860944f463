"""References: the photos whose hair or hair color an edit takes, alone or two of them mixed."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editing.parsed_photo import ParsedPhoto

Photo = UInt8[ndarray, "_ _ 3"]


@dataclass(frozen=True)
class Mix:
    """A mix of two references: `share` 0 is the first, 1 the second."""

    first: Photo | ParsedPhoto
    second: Photo | ParsedPhoto
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"a share of two references is 0 to 1, not {self.share}")


Reference = Photo | ParsedPhoto | Mix


@dataclass(frozen=True, eq=False)
class WeightedReference:
    """A reference, parsed, and its share; the shares of one edit add up to 1."""

    photo: ParsedPhoto
    share: float
