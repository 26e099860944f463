"""Eyes and brows that hair hides, taken from the other half of the face.

A reflection brings one half of a face to the other. It is found from nose and mouth, and then moved and stretched until
eye and brow of one side lie on what is visible of those of the other side; so the head may be turned a little.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.corrections import smoothed
from hairgan.editing.masks import grown
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.photos.network_images import resize_picture
from hairgan.regions import Region

SIDES = ((Region.L_EYE, Region.L_BROW), (Region.R_EYE, Region.R_BROW))
MOUTH = (Region.MOUTH, Region.U_LIP, Region.L_LIP)
MIN_EYE = 0.001
"""Share of the crop that an eye must cover for its side to be mirrored."""
MIN_HIDDEN = 0.1
"""Share of an eye, or of eye and brow, that hair must hide for them to be mirrored."""
MOSTLY = 0.53
"""Share of a brow that is enough to leave it as it is."""
USUAL_BROW = 0.25
"""Area of a brow, as a share of the square of an eye's width."""
MIN_MATCH = 0.35
"""Intersection over union of a mirrored eye and the visible part of the other one below which nothing is mirrored."""

# Lengths are shares of the crop's side.
LASHES = 1 / 48
"""How far around an eye its lashes and the folds of its lids reach."""
BESIDE_BROW = 1 / 128
RAGGED = 1 / 80
"""How far from hair the parts of an eye or brow are mirrored too, because strands lie over them."""
STEP, STEPS = (0.012, 0.012, 0.1), (4, 3, 2)
"""Moves to the right and down, and stretches, that are tried: the distance between them, and their number to each side.
"""
BLUR = 1 / 170
"""Standard deviation of the blur of the regions that are compared."""
NEAR = tuple(product((-1, 0, 1), repeat=3))
BRIDGE = 0.2
"""The upper share of the nose, which lies in the middle of a turned head too."""


@dataclass(frozen=True, eq=False)
class MirroredSide:
    """A half of the face, and where its mirror image comes from."""

    eye: Region
    brow: Region
    """Those of this half."""
    matrix: Float[ndarray, "2 3"]
    """From places in the crop, as shares of its side, to the places of the other half that they look like."""

    def of(self, values: ndarray, interpolation: int) -> ndarray:
        """A square picture or map, mirrored so."""
        size = len(values)
        matrix = self.matrix * np.array([1, 1, size])
        matrix[:, 2] += 0.5 * (matrix[:, :2].sum(axis=1) - 1)  # pixel centers
        flags = interpolation | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(values, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def mirrored_sides(photo: ParsedPhoto) -> tuple[MirroredSide, ...]:
    """The halves of a face in which hair hides something of eye or brow that the other half shows."""
    labels = photo.labels
    if (labels == Region.EYE_G).any():
        return ()
    return tuple(side for mine, other in (SIDES, SIDES[::-1]) if (side := _mirrored(labels, mine, other)) is not None)


def paint_hidden(
    side: MirroredSide, photo: ParsedPhoto, hidden: Bool[ndarray, "p p"], plate: Float32[ndarray, "s s 3"]
) -> tuple[Float32[ndarray, "s s 3"], Float32[ndarray, "s s"]]:
    """The plate of a photo with the hidden parts of an eye and a brow, and how much of each pixel is theirs.

    Args:
        hidden: where the plate does not show the photo's eyes and brows, at the parser's resolution.
        plate: the crop without its hair, 0 to 255.
    """
    size = len(plate)
    labels = photo.labels_at(size)
    theirs = side.of(labels, cv2.INTER_NEAREST)
    picture = side.of(photo.crop_at(size).astype(np.float32), cv2.INTER_LINEAR)
    known = ~side.of(grown(labels == Region.HAIR, RAGGED * size).astype(np.uint8), cv2.INTER_NEAREST).astype(bool)
    eye, brow = (np.isin(theirs, [pair[part] for pair in SIDES]) for part in (0, 1))
    shown = grown(brow, BESIDE_BROW * size)
    if (eye & (labels == Region.HAIR)).sum() > MIN_HIDDEN * eye.sum():
        shown |= grown(eye, LASHES * size)
    shown &= known & (resize_picture(hidden.astype(np.float32), size) > 0.5)
    skin = grown(shown, LASHES * size) & (theirs == Region.SKIN) & known
    skin &= ~grown(eye, LASHES * size / 2) & ~grown(brow, BESIDE_BROW * size) & ~np.isin(labels, np.ravel(SIDES))
    if not shown.any():
        return plate, np.zeros((size, size), np.float32)
    if skin.any():
        picture = picture + continued(smoothed(plate - picture, skin, BLUR * size), skin)
    share = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), BLUR * size / 2) * grown(shown, 1)
    return plate + share[..., None] * (picture.clip(0, 255) - plate), share


def beside_hair(labels: UInt8[ndarray, "s s"]) -> Bool[ndarray, "s s"]:
    """Hair, and what its strands may cover beside it."""
    return grown(labels == Region.HAIR, RAGGED * len(labels)) & (labels != Region.NOSE)


def brows_to_keep(labels: UInt8[ndarray, "s s"]) -> tuple[Bool[ndarray, "s s"], Bool[ndarray, "s s"]]:
    """Brows of which hair hides only the outer end stay as they are: where these are, and where no other is drawn.

    What would continue such a brow never fits exactly, and that it is shorter is not seen.
    """
    areas = {brow: float((labels == brow).sum()) for _, brow in SIDES}
    widths = [float(np.ptp(np.argwhere(labels == eye)[:, 1])) for eye, _ in SIDES if (labels == eye).any()]
    near_hair, wide = beside_hair(labels), max(widths, default=0.0)
    kept, around = np.zeros(labels.shape, bool), np.zeros(labels.shape, bool)
    for (_, brow), (_, other) in (SIDES, SIDES[::-1]):
        inside, whole = labels == brow, areas[other]
        if not whole or (near_hair & (labels == other)).any():
            whole = max(whole, USUAL_BROW * wide**2)
        if not areas[brow] or areas[brow] <= MOSTLY * whole:
            continue
        y, x = np.nonzero(inside)
        outward = np.sign(x.mean() - np.nonzero(np.isin(labels, np.ravel(SIDES)))[1].mean())
        cut = np.nonzero(inside & near_hair)[1]
        if len(cut) and outward * (cut.mean() - x.mean()) > 0:
            kept |= inside
            rows = slice(max(0, int(y.min() - 0.5 * wide)), int(y.max()) + 1)
            around[rows, max(0, int(x.min() - wide)) : int(x.max() + wide) + 1] = True
    return kept, around


def _mirrored(
    labels: UInt8[ndarray, "s s"], mine: tuple[Region, Region], other: tuple[Region, Region]
) -> MirroredSide | None:
    size = len(labels)
    nose, mouth = labels == Region.NOSE, np.isin(labels, MOUTH)
    if (labels == other[0]).sum() < MIN_EYE * labels.size or not (nose.any() and mouth.any()):
        return None
    start = _reflection(labels, nose, mouth)
    hidden = labels == Region.HAIR
    first = MirroredSide(*mine, start)
    theirs = np.isin(first.of(labels, cv2.INTER_NEAREST), other)
    if (theirs & hidden).sum() < MIN_HIDDEN * theirs.sum():
        return None
    visible = (~grown(hidden, RAGGED * size)).astype(np.float32)
    center = center_of(first.of((labels == other[0]).astype(np.uint8), cv2.INTER_NEAREST) > 0) / size
    best = _best(first, _layers(labels, mine, visible), _layers(labels, other, visible), center)
    fits = best.of((labels == other[0]).astype(np.uint8), cv2.INTER_NEAREST) > 0
    eye = labels == mine[0]
    if eye.any() and (fits & eye).sum() < MIN_MATCH * ((fits | eye) & (visible > 0)).sum():
        return None
    return best


def _layers(
    labels: UInt8[ndarray, "s s"], side: tuple[Region, Region], visible: Float32[ndarray, "s s"]
) -> Float32[ndarray, "s s 3"]:
    """Eye and brow, softly, and what is visible, at half the resolution."""
    parts = [cv2.GaussianBlur((labels == part).astype(np.float32), (0, 0), BLUR * len(labels)) for part in side]
    return resize_picture(np.stack([*parts, visible], axis=2), len(labels) // 2)


def _reflection(
    labels: UInt8[ndarray, "s s"], nose: Bool[ndarray, "s s"], mouth: Bool[ndarray, "s s"]
) -> Float[ndarray, "2 3"]:
    """The reflection about the line from the bridge of the nose to the mouth, in shares of the side."""
    rows = np.flatnonzero(nose.any(axis=1))
    bridge = nose.copy()
    bridge[round(rows[0] + BRIDGE * np.ptp(rows)) + 1 :] = False
    top, bottom = center_of(bridge) / len(labels), center_of(mouth) / len(labels)
    down = (bottom - top) / np.linalg.norm(bottom - top)
    across = np.array([-down[1], down[0]])
    turn = np.eye(2) - 2 * np.outer(across, across)
    return np.column_stack([turn, top - turn @ top])


def _best(
    first: MirroredSide,
    ours: Float32[ndarray, "s s 3"],
    theirs: Float32[ndarray, "s s 3"],
    center: Float[ndarray, " 2"],
) -> MirroredSide:
    """The reflection, moved and stretched so that visible parts of eye and brow lie on each other."""
    best = np.array([0.0, 0.0, 1.0])
    for fineness, tried in ((1, product(*(range(-count, count + 1) for count in STEPS))), (2, NEAR), (4, NEAR)):
        moves = [best + np.array(STEP) * counts / fineness for counts in tried]
        best = min(moves, key=lambda move: _cost(_moved(first, move, center), move, ours, theirs))
    return _moved(first, best, center)


def _moved(first: MirroredSide, move: Float[ndarray, " 3"], center: Float[ndarray, " 2"]) -> MirroredSide:
    """The same after a move to the right and down, and a stretch along the line through the eyes."""
    back = np.diag([1 / move[2], 1.0])
    offset = center - back @ (center + move[:2])
    turn = first.matrix[:, :2]
    return replace(first, matrix=np.column_stack([turn @ back, turn @ offset + first.matrix[:, 2]]))


def _cost(
    side: MirroredSide, move: Float[ndarray, " 3"], ours: Float32[ndarray, "s s 3"], theirs: Float32[ndarray, "s s 3"]
) -> float:
    """How much eye and brow differ where both are visible, as a share, and a little for the move itself."""
    mirrored = side.of(theirs, cv2.INTER_LINEAR)
    seen = (ours[..., 2] * mirrored[..., 2])[..., None]
    difference = (seen * np.square(ours - mirrored)[..., :2]).sum()
    both = (seen * (np.square(ours) + np.square(mirrored))[..., :2]).sum()
    return float(difference / (both + 1)) + 10 * float(np.square(move[:2]).sum()) + (move[2] - 1) ** 2 / 4


def center_of(inside: Bool[ndarray, "s s"]) -> Float[ndarray, " 2"]:
    """The middle (x, y) of what is inside, in pixels."""
    return np.argwhere(inside).mean(axis=0)[::-1] + 0.5
