"""What the salon needs of a painter: hair of another color, or on another label map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.rough_head import RoughHead
from hairgan.editing.wanted_color import WantedColor


@dataclass(frozen=True, eq=False)
class DyeJob:
    """A photo whose hair is to have another color."""

    photo: ParsedPhoto
    color: WantedColor
    strength: float
    """0 keeps the color, 1 takes the wanted one."""


@dataclass(frozen=True, eq=False)
class RestyleJob:
    """A photo, with its rough head, that is to have other hair."""

    head: RoughHead
    layout: UInt8[ndarray, "size size"]
    """The new label map."""
    color: WantedColor | None
    """Of the new hair; None takes the rough head's."""


@dataclass(frozen=True, eq=False)
class DyedCrop:
    """A crop whose hair has another color."""

    picture: Float32[ndarray, "s s 3"]
    """0 to 255."""
    share: Float32[ndarray, "s s"] | None = None
    """How much of each pixel is dyed, if the painter says so; the picture is the crop's where it is 0."""


class Painter(Protocol):
    """Paints crops, values 0 to 255, that are blended into the photo afterwards. All jobs of a call are one batch."""

    def dye(self, jobs: Sequence[DyeJob], *, as_painted: bool = False) -> list[DyedCrop]:
        """Crops whose hair has another color.

        Args:
            as_painted: take the network's output as it is; otherwise the hair keeps the photo's strands.
        """

    def restyle(self, jobs: Sequence[RestyleJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        """Crops painted on new label maps.

        Args:
            as_painted: take the network's output as it is; otherwise outlines around the hair are removed and its mean
                color is corrected.
        """

    def describe(self, color: WantedColor | None) -> str:
        """How this painter paints hair of a color, in a few words."""
