"""The steps of an edit that run no network, and that can be exchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editing.layout import lay_out
from hairgan.editing.new_hair import NewHair
from hairgan.editing.painting import BlendedCrop, Painting, blend_painting
from hairgan.editing.rough_head import RoughHead


@dataclass(frozen=True)
class Steps:
    """Steps of a salon; `Salon.with_steps` exchanges them, for another way or for a result that is known already."""

    lay_out: Callable[[RoughHead, str], UInt8[ndarray, "size size"]] = lay_out
    """A rough head and the mode of a restyling to the new label map."""
    place_hair: Callable[[NewHair], NewHair] = lambda new: new
    """Where the hair layout network puts new hair to where it goes."""
    blend: Callable[[Painting, str], BlendedCrop] = blend_painting
    """A painting and the name of a blend to the blended crop."""
