"""Hair as a layer: the photo without its hair, and new hair over it with a soft alpha."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.editing.color import LabColor, lab_to_rgb
from hairgan.editing.hair_texture import HairTexture, HairWarp, beside_hat, hair_texture
from hairgan.editing.masks import grown, matte, smooth_step
from hairgan.editing.new_hair import NewHair, free_for_hair
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.plate import remove_hair
from hairgan.editing.tones import dyed_by_tones
from hairgan.photos.network_images import resize_picture
from hairgan.regions import Region

RELIEF = 0.25
"""How much of the soft edge of new hair follows its strands."""
LIMIT = 2.0
"""Strands count up to this many standard deviations."""
OUTLINE = 1 / 48
"""How far on both sides of its outer edge new hair has the outline of its donor's, as a share of the crop's side."""
STRAND = 1 / 200
"""Half the width of a strand that counts as a single one, as a share of the crop's side."""
HAIRLINE = 1 / 100
"""Standard deviation of the blur of new hair's edge on the forehead, as a share of the crop's side."""
ABOVE_BROWS = (0.03, 0.08)
"""Heights above the brows, as shares of the crop's side, up to which it is sharp, and from which on it is soft."""
FROM_OUTLINE = 0.02
"""How far from its outline hair keeps its edge, as a share of the crop's side."""
EYES_AND_BROWS = (Region.L_EYE, Region.R_EYE, Region.EYE_G, Region.L_BROW, Region.R_BROW)
OUTER = (0.4, 0.8)
"""Depths below which the edge of new hair is an inner one, along the face, and above which it is an outer one."""


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
    outline_of: ParsedPhoto | None,
    strands_of: ParsedPhoto,
    wanted: LabColor,
    *,
    dyed: bool = True,
    keeps_own: bool = False,
    loose_strands: bool = True,
) -> LayeredHair:
    """Replace the hair of a photo.

    Args:
        new: where the new hair goes.
        outline_of: the photo whose hair has the outline that the new hair is to have in detail; None: a smooth one.
        strands_of: the photo whose strands the new hair has.
        wanted: color of the new hair.
        dyed: whether the hair is dyed by tones (`hairgan.editing.tones`) in the wanted color. Otherwise it varies in
            color over the head as that of `strands_of` does, whose mean is moved to the wanted one.
        keeps_own: whether the photo's hair stays as it is where new hair covers it: only the rest has the strands of
            `strands_of`, in the photo's colors, whose mean stays unless they are dyed.
        loose_strands: whether the outline has the donor's single strands too; those of drawn people look like wire.
    """
    size = len(new.alpha)
    labels = photo.labels_at(size)
    plate = remove_hair(photo, new.uncovered, resize_picture(new.alpha, len(photo.labels)), size)
    hair = new.alpha > 0.5
    donors = {id(donor): donor for donor in (outline_of, strands_of) if donor is not None}
    warps = {name: HairWarp.between(donor.labels_at(size), labels, hair) for name, donor in donors.items()}
    theirs, warp = hair_texture(strands_of, size), warps[id(strands_of)]
    if keeps_own:
        texture = hair_texture(photo, size).with_strands_of(warp(theirs.strands))
    else:
        texture = HairTexture(warp(theirs.color), warp(theirs.strands))
    lab = texture.color + texture.strands
    if dyed:
        was = (photo if keeps_own else strands_of).hair_color()
        lab = dyed_by_tones(lab[..., 0].clip(0, 100), np.ones_like(lab[..., 0]), was, wanted)
    if hair.any() and (dyed or not keeps_own):
        lab = lab + (wanted.mean - lab[hair].mean(axis=0)).astype(np.float32)
    lab[..., 0] = lab[..., 0].clip(0, 100)
    alpha = _edge_of_strands(_with_hairline(new.alpha, labels), texture.strands[..., 0])
    if outline_of is not None:
        alpha = _with_outline(alpha, outline_of, warps[id(outline_of)], loose_strands)
    alpha = alpha * free_for_hair(labels)
    without_hair = plate.picture
    picture = without_hair + alpha[..., None] * (lab_to_rgb(lab) - without_hair)
    return LayeredHair(picture, np.maximum(plate.changed, alpha))


def _with_hairline(alpha: Float32[ndarray, "s s"], labels: UInt8[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """The alpha with a soft edge on the forehead, where hair begins gradually; bangs down to the brows end sharply."""
    size = len(alpha)
    rows = np.flatnonzero(np.isin(labels, EYES_AND_BROWS).any(axis=1))
    if not len(rows):
        return alpha
    below_hair = np.maximum.accumulate(alpha > 0.5, axis=0)
    inside = (~grown(~below_hair, FROM_OUTLINE * size)).astype(np.float32)
    height = (rows[0] - np.arange(size, dtype=np.float32)) / size
    share = cv2.GaussianBlur(inside, (0, 0), HAIRLINE * size) * smooth_step(height, *ABOVE_BROWS)[:, None]
    return alpha + share * (cv2.GaussianBlur(alpha, (0, 0), HAIRLINE * size) - alpha)


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


def _with_outline(
    alpha: Float32[ndarray, "s s"], donor: ParsedPhoto, warp: HairWarp, loose_strands: bool
) -> Float32[ndarray, "s s"]:
    """The alpha, whose outer edge has the locks and loose strands of the donor's.

    A layout network can only say where hair ends in the mean, and its edges are smooth. The warp brings the donor's
    smoothed edge to the new one, and with it whatever stands out from it.
    """
    size = len(alpha)
    hair = (alpha > 0.5).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_5) for side in (hair, 1 - hair))
    distance = np.asarray(inside + outside, np.float32)
    near = 1 - smooth_step(distance, 0.6 * OUTLINE * size, OUTLINE * size)
    labels = donor.labels_at(size)
    in_sight = (1 - warp(beside_hat(labels).astype(np.float32))) * warp.own
    if not (hair.any() and (labels == Region.HAIR).any()):
        return alpha
    outline = matte(donor.hair_at(size), donor.crop_at(size))
    if not loose_strands:
        side = 2 * max(1, round(STRAND * size)) + 1
        outline = cv2.morphologyEx(outline, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    outline = warp(outline)
    return alpha + near * smooth_step(warp.depth, *OUTER) * in_sight * (outline - alpha)
