"""Brows that hair hides: a usual shape, fitted to what is visible of the brows, and drawn where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.color import hair_color, lab_to_rgb
from hairgan.editing.hidden_features import RAGGED, SIDES, MirroredSide, beside_hair, center_of
from hairgan.editing.masks import grown, smooth_step
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.photos.network_images import resize_picture
from hairgan.regions import Region

# Lengths are in widths of an eye, seen from its middle: outwards, to the temple, and up.
INNER, OUTER = -0.73, 0.82
"""Where a brow starts and ends."""
PEAK, FALL = 0.2, (0.064, 0.44)
"""Where a brow is highest, and how steeply it falls from there inwards and outwards."""
THICKNESS = ((-0.73, -0.55, -0.1, 0.35, 0.82), (0.55, 0.95, 1.0, 0.72, 0.1))
"""Places along a brow, and its thickness there, as shares of the largest."""
HEIGHTS = (0.35, 1.0, 14)
TILTS = (-0.2, 0.3, 6)
HALVES = (0.06, 0.18, 5)
"""What is tried for the height, the slope and half the thickness of brows: first, last, number."""
USUAL = (0.6, 0.05, 0.1)

EDGE = 0.08
"""Width of the soft edge of a brow."""
GUESS = 0.25
"""Weight of the layout network's guess under hair, beside what is visible."""
OPACITY = 0.8
HAIRS = 0.25
"""How much single hairs vary it."""
LIGHTNESS = 0.8
"""Lightness of brows nobody has seen, as a share of the hair's."""
LEAST, MOST = 0.25, 0.6
"""Shares of a brow: less is not drawn, even beside a part that is seen; more is drawn even if no part of it is seen."""
MIN_SEEN = 0.0002
"""Share of the crop in which brows must be visible for their color to be taken."""


@dataclass(frozen=True, eq=False)
class _Eye:
    """An eye, as shares of the crop's side."""

    center: Float[ndarray, " 2"]
    outward: Float[ndarray, " 2"]
    """Along the width of the eye, as long as it is wide."""

    def seen_from(self, size: int) -> tuple[Float[ndarray, "s s"], Float[ndarray, "s s"]]:
        """Of each pixel, how far outward and how far up it is."""
        y, x = (np.mgrid[:size, :size] + 0.5) / size
        x, y = x - self.center[0], y - self.center[1]
        width = float(np.linalg.norm(self.outward))
        along = self.outward / width
        up = np.array([along[1], -along[0]]) * np.sign(along[0])
        return (x * along[0] + y * along[1]) / width, (x * up[0] + y * up[1]) / width


def draw_hidden_brows(
    photo: ParsedPhoto,
    sides: Sequence[MirroredSide],
    hidden: Bool[ndarray, "p p"],
    uncovered: Float32[ndarray, "regions p p"],
    plate: Float32[ndarray, "s s 3"],
) -> tuple[Float32[ndarray, "s s 3"], Float32[ndarray, "s s"]]:
    """The plate of a photo with the brows that hair hides, and how much of each pixel is theirs.

    Args:
        sides: the halves of the face that can be mirrored; they tell where a hidden eye is.
        hidden: where the plate does not show the photo's brows, at the parser's resolution.
        uncovered: probabilities of the regions of `HIDDEN_BY_HAIR` under the hair, at the parser's resolution.
        plate: the crop without its hair, 0 to 255.
    """
    labels, size = photo.labels, len(plate)
    eyes = _eyes(labels, sides)
    if not eyes:
        return plate, np.zeros((size, size), np.float32)
    places = [eye.seen_from(len(labels)) for eye in eyes]
    guess = sum(uncovered[HIDDEN_BY_HAIR.index(brow)] for _, brow in SIDES)
    unsure = beside_hair(labels)
    seen = np.isin(labels, [brow for _, brow in SIDES]) & ~unsure
    shape = _fitted(places, np.where(unsure, guess, seen), np.where(unsure, GUESS, 1.0))
    whole = np.max([_brow(*eye.seen_from(size), shape, EDGE) for eye in eyes], axis=0)
    drawn = whole * smooth_step(resize_picture(hidden.astype(np.float32), size), 0.25, 0.75)
    drawn = without_loose_ends(drawn, whole, resize_picture(seen.astype(np.float32), size) > 0.5)
    drawn = drawn * OPACITY * _single_hairs(size)
    return plate + drawn[..., None] * (_color(photo, seen) - plate), drawn


def _brow(outward: ndarray, up: ndarray, shape: tuple[float, float, float], edge: float) -> ndarray:
    """How much of each place is brow.

    Args:
        shape: its height, slope and half its thickness.
        edge: width of its soft edge.
    """
    height, tilt, half = shape
    from_peak = outward - PEAK
    middle = height + tilt * outward - np.where(from_peak < 0, *FALL) * from_peak**2
    inside = half * np.interp(outward, *THICKNESS) - np.abs(up - middle)
    ends = np.minimum(outward - INNER, OUTER - outward)
    return np.clip(np.minimum(inside, ends) / edge + 0.5, 0, 1).astype(np.float32)


def without_loose_ends(
    drawn: Float32[ndarray, "s s"], whole: Float32[ndarray, "s s"], seen: Bool[ndarray, "s s"]
) -> Float32[ndarray, "s s"]:
    """What is much of a brow and continues a part that is seen, or is most of one.

    On a turned head an end elsewhere would be out of place, and a short one looks like a scratch.

    Args:
        whole: both brows.
    """
    _, brows = cv2.connectedComponents((whole > 0.1).astype(np.uint8))
    count, pieces = cv2.connectedComponents((drawn > 0.1).astype(np.uint8))
    beside_seen = grown(seen, RAGGED * len(seen))
    kept = np.zeros(count, bool)
    for piece in range(1, count):
        inside = pieces == piece
        share = inside.sum() / (brows == brows[inside][0]).sum()
        kept[piece] = share > (LEAST if (beside_seen & inside).any() else MOST)
    return drawn * kept[pieces]


def _color(photo: ParsedPhoto, seen: Bool[ndarray, "s s"]) -> Float32[ndarray, " 3"]:
    """The color of brows: that of the darker half of their visible pixels, or darker than the hair's."""
    if seen.sum() >= MIN_SEEN * seen.size:
        pixels = photo.crop[seen].astype(np.float32)
        lightness = pixels.mean(axis=1)
        return pixels[lightness <= np.median(lightness)].mean(axis=0)
    lab = hair_color(photo.crop, photo.labels == Region.HAIR).mean.astype(np.float32)
    lab[0] *= LIGHTNESS
    return lab_to_rgb(lab[None, None])[0, 0]


def _single_hairs(size: int) -> Float32[ndarray, "s s"]:
    """Factors that look like short hairs, around 1."""
    noise = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    hairs = cv2.GaussianBlur(noise, (0, 0), sigmaX=size / 200, sigmaY=size / 800)
    return (1 + HAIRS * hairs / hairs.std()).clip(0, 1 / OPACITY).astype(np.float32)


def _eyes(labels: UInt8[ndarray, "s s"], sides: Sequence[MirroredSide]) -> list[_Eye]:
    """Both eyes; none unless both can be seen, or one and where the other is."""
    size = len(labels)
    centers: dict[Region, Float[ndarray, " 2"]] = {}
    for eye, _ in SIDES:
        if (labels == eye).sum() >= MIN_SEEN * labels.size:
            centers[eye] = center_of(labels == eye) / size
    for side in sides:
        (other,) = (eye for eye, _ in SIDES if eye != side.eye)
        if other in centers:
            centers[side.eye] = np.linalg.solve(side.matrix[:, :2], centers[other] - side.matrix[:, 2])
    if len(centers) < 2:
        return []
    left, right = (centers[eye] for eye, _ in SIDES)
    across = (left - right) / np.linalg.norm(left - right)
    width = (
        max(np.ptp(np.argwhere(labels == eye)[:, ::-1] @ across) for eye, _ in SIDES if (labels == eye).any()) / size
    )
    return [_Eye(left, width * across), _Eye(right, -width * across)]


def _fitted(
    places: Sequence[tuple[Float[ndarray, "s s"], Float[ndarray, "s s"]]],
    brows: Float[ndarray, "s s"],
    weight: Float[ndarray, "s s"],
) -> tuple[float, float, float]:
    """Height, slope and half the thickness of the brows of both eyes that are most like these."""
    points = []
    for outward, up in places:
        near = (outward > 1.2 * INNER) & (outward < 1.2 * OUTER) & (up > 0) & (up < 1.5)
        points.append((outward[near], up[near], brows[near], weight[near]))
    outward, up, brows, weight = (np.concatenate(part) for part in zip(*points, strict=True))

    def cost(shape: tuple[float, float, float]) -> float:
        drawn = _brow(outward, up, shape, EDGE)
        difference, both = (weight * (drawn - brows) ** 2).sum(), (weight * (drawn**2 + brows**2)).sum()
        return float(difference / (both + 1)) + 0.1 * float(np.square(np.subtract(shape, USUAL)).sum())

    return min(product(*(np.linspace(*range_) for range_ in (HEIGHTS, TILTS, HALVES))), key=cost)
