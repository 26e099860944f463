"""Hair as a layer: the photo without its hair, and new hair over it with a soft alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.editing.color import lab_to_rgb
from hairgan.editing.hair_texture import hair_texture, warp_to
from hairgan.editing.new_hair import NewHair
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.plate import remove_hair

RELIEF = 0.25
"""How much of the soft edge of new hair follows its strands."""
LIMIT = 2.0
"""Strands count up to this many standard deviations."""


@dataclass(frozen=True, eq=False)
class LayeredHair:
    """A crop with new hair."""

    picture: Float32[ndarray, "s s 3"]
    """0 to 255; equal to the crop where `changed` is 0."""
    changed: Float32[ndarray, "s s"]
    """How much of each pixel is no longer the photo's."""


def layer_hair(
    photo: ParsedPhoto,
    new: NewHair,
    strands_of: ParsedPhoto,
    color_of: ParsedPhoto,
    mean: Float[ndarray, " 3"],
) -> LayeredHair:
    """Replace the hair of a photo.

    Args:
        new: where the new hair goes.
        strands_of: the photo whose strands the new hair has.
        color_of: the photo whose hair varies in color over the head as the new hair is to.
        mean: mean color of the new hair in Lab.
    """
    size = len(new.alpha)
    labels = photo.labels_at(size)
    plate = remove_hair(photo, new.uncovered, size)
    hair = new.alpha > 0.5
    color = warp_to(hair_texture(color_of, size).color, color_of.labels_at(size), labels, hair)
    strands = warp_to(hair_texture(strands_of, size).strands, strands_of.labels_at(size), labels, hair)
    lab = color + strands
    if hair.any():
        lab = lab + (mean - lab[hair].mean(axis=0)).astype(np.float32)
    lab[..., 0] = lab[..., 0].clip(0, 100)
    alpha = _edge_of_strands(new.alpha, strands[..., 0])
    without_hair = plate.picture
    picture = without_hair + alpha[..., None] * (lab_to_rgb(lab) - without_hair)
    return LayeredHair(picture, np.maximum(plate.filled, alpha))


def _edge_of_strands(alpha: Float32[ndarray, "s s"], strands: Float32[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """The alpha, whose soft edge ends sooner between strands: lit ones reach farther than the dark gaps beside them.

    Args:
        strands: what their lightness differs from that of the hair around them.
    """
    hair = alpha > 0.5
    spread = float(strands[hair].std()) if hair.any() else 0.0
    if spread < 1e-3:
        return alpha
    relief = (strands / spread).clip(-LIMIT, LIMIT)
    return (alpha + RELIEF * 4 * alpha * (1 - alpha) * relief).clip(0, 1)
