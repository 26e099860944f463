"""The last steps of an edit: match a painted crop to its photo, blend it in, and paste it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import BLENDS
from hairgan.editing.color import mean_color
from hairgan.editing.corrections import borrow_strands, match_surroundings
from hairgan.editing.edit import Edit, Timings
from hairgan.editing.masks import soft_mask
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.references import WeightedReference
from hairgan.photos.network_images import to_bytes
from hairgan.regions import Region

FEATHER = 0.02
"""Width of the soft edge around the hair, as a share of the crop's side."""
EDGE = 0.04
"""Width of the fade at those edges of the crop outside which the photo continues, as a share of the crop's side."""


@dataclass(frozen=True, eq=False)
class Painting:
    """The crop of a photo, painted with new hair."""

    photo: ParsedPhoto
    picture: Float32[ndarray, "s s 3"]
    """The whole crop, 0 to 255."""
    layout: UInt8[ndarray, "s s"]
    """The label map that was painted."""
    method: str
    """How the hair was painted, in a few words."""
    wanted: Float[ndarray, " 3"] | None = None
    """The wanted mean color of the hair in Lab."""
    rough: UInt8[ndarray, "r r 3"] | None = None
    """The rough head, after restyling."""
    changed: Float32[ndarray, "s s"] | None = None
    """How much of each pixel is no longer the photo's, where hair is a layer; the picture is the crop's elsewhere."""
    dyed: Float32[ndarray, "s s"] | None = None
    """How much of each pixel is dyed, where that is known; the picture is the crop's elsewhere."""
    up_to_edge: Float32[ndarray, "s s"] | None = None
    """How much of each pixel does not fade into the photo at those edges of the crop outside which it continues."""
    warnings: tuple[str, ...] = ()
    """Warnings besides the photo's."""


@dataclass(frozen=True, eq=False)
class BlendedCrop:
    """A painting, blended into the crop."""

    painting: Painting
    before: UInt8[ndarray, "s s 3"]
    """The crop of the photo, at the painting's size."""
    labels: UInt8[ndarray, "s s"]
    """Its label map."""
    after: Float32[ndarray, "s s 3"]
    """The blended crop, 0 to 255; equal to `before` where the mask is 0."""
    mask: Float32[ndarray, "s s"]
    """How much of each pixel is the painting's."""
    renewed: Float32[ndarray, "s s"]
    """0 where the painting shows the same thing in another color, up to the mask where it shows another thing."""


def check_blend(name: str) -> None:
    """Raise ValueError for an unknown way to blend."""
    if name != "none" and name not in BLENDS:
        raise ValueError(f"unknown blend '{name}'; known are {', '.join(BLENDS)}, none")


def match_painting(painting: Painting, references: Sequence[WeightedReference]) -> Painting:
    """A restyled painting with the strands of the reference of the largest share, matched to the photo where it shows
    what the old hair covered."""
    photo, picture, layout = painting.photo, painting.picture, painting.layout
    size = len(picture)
    if references:
        donor = max(references, key=lambda reference: reference.share).photo
        donor_hair = donor.labels_at(size) == Region.HAIR
        picture = borrow_strands(picture, layout == Region.HAIR, donor.crop_at(size), donor_hair)
    picture = match_surroundings(picture, photo.crop_at(size), photo.labels_at(size), layout)
    return replace(painting, picture=picture)


def blend_painting(painting: Painting, blend: str) -> BlendedCrop:
    """Blend a painting into the crop of its photo.

    Args:
        blend: a name of `BLENDS`, or `"none"` to take the whole painting.
    """
    photo, picture, layout = painting.photo, painting.picture, painting.layout
    size = len(picture)
    before, labels = photo.crop_at(size), photo.labels_at(size)
    source = before.astype(np.float32)
    height, width = photo.photo.shape[:2]
    fade = photo.alignment.resized(size).ramp(height, width, EDGE * size)
    if painting.up_to_edge is not None:
        fade = np.maximum(fade, painting.up_to_edge)
    if painting.changed is not None:
        mask = painting.changed * fade
        return BlendedCrop(painting, before, labels, source + fade[..., None] * (picture - source), mask, mask)
    if blend == "none":
        return BlendedCrop(painting, before, labels, source + fade[..., None] * (picture - source), fade, fade)
    if blend == "alpha" and painting.dyed is not None:
        after = source + fade[..., None] * (picture - source)
        return BlendedCrop(painting, before, labels, after, painting.dyed * fade, np.zeros_like(fade))
    hair = (labels == Region.HAIR) | (layout == Region.HAIR)
    mask = soft_mask(hair, FEATHER * size) * fade
    after = BLENDS[blend](source, picture, mask)
    other_region = cv2.GaussianBlur((labels != layout).astype(np.float32), (0, 0), size / 128)
    return BlendedCrop(painting, before, labels, after, mask, mask * other_region)


def paste_back(crop: BlendedCrop) -> UInt8[ndarray, "h w 3"]:
    """The photo at its own resolution, with the blended crop in its place."""
    photo = crop.painting.photo
    alignment = photo.alignment.resized(len(crop.after))
    return alignment.paste(photo.photo, crop.before.astype(np.float32), crop.after, crop.mask, crop.renewed)


def collect_edit(crop: BlendedCrop, image: UInt8[ndarray, "h w 3"], timings: Timings) -> Edit:
    """The edit of a photo, with what its steps made and the distance of its hair from the wanted color."""
    painting, after = crop.painting, to_bytes(crop.after)
    new_hair = painting.layout == Region.HAIR
    error = None
    if painting.wanted is not None and new_hair.any():
        error = float(np.linalg.norm(mean_color(after, new_hair) - painting.wanted))
    return Edit(
        image=image,
        before=crop.before,
        after=after,
        painted=to_bytes(painting.picture),
        labels=crop.labels,
        layout=painting.layout,
        rough=painting.rough,
        mask=crop.mask,
        method=painting.method,
        color_error=error,
        warnings=(*painting.photo.warnings, *painting.warnings),
        timings=timings,
    )
