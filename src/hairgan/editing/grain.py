"""The grain of a part of a picture: what skin, cloth or a wall differs by from its smooth shading, made for any place.

Patches of the grain, cut out at random, are added up in overlapping windows whose squares add up to one, which keeps
the grain's variance and its spectrum within a patch (the overlap-add form of spot noise, Galerne et al. 2011).
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from hairgan.editing.corrections import smoothed

PATCH = 1 / 20
"""Side of the patches, as a share of the picture's."""
COARSEST = 1 / 96
"""Standard deviation, as a share of the picture's side, of the blur whose difference from the picture is its grain."""
LARGEST = 1.5
"""Grain is limited to this many standard deviations, so that no blemish is repeated."""
CALM = 0.25
"""The share of places whose grain is weakest is taken: elsewhere are freckles, beards or folds."""
MIN_PLACES = 30
"""Fewer whole patches of the part than this give no grain."""


def grain(picture: Float32[ndarray, "s s 3"], part: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s 3"]:
    """Grain like that of a part of a picture, everywhere in it; 0 if the part has no room for whole patches.

    The same part of the same picture gives the same grain.
    """
    size = len(picture)
    side = 2 * max(2, round(PATCH * size / 2))
    room = cv2.erode(part.astype(np.uint8), np.ones((side + 1, side + 1), np.uint8), borderValue=0) > 0
    places = np.argwhere(room)
    if len(places) < MIN_PLACES:
        return np.zeros_like(picture)
    fine = picture - smoothed(picture, part, COARSEST * size)
    energy = cv2.blur((fine * fine).sum(axis=2), (side, side))[tuple(places.T)]
    places = places[energy <= np.quantile(energy, CALM)]
    limit = LARGEST * 1.48 * np.median(np.abs(fine[part]), axis=0)
    fine = fine.clip(-limit, limit)
    random = np.random.default_rng(0)
    step = side // 2
    wave = np.sin(np.pi * (np.arange(side) + 0.5) / side).astype(np.float32)
    window = (wave[:, None] * wave)[..., None]  # the squares of windows half a side apart add up to 1
    count = size // step + 2
    out = np.zeros((count * step + side, count * step + side, 3), np.float32)
    centers = places[random.integers(len(places), size=(count, count))] - step
    for row in range(count):
        for column in range(count):
            y, x = centers[row, column]
            here = slice(row * step, row * step + side), slice(column * step, column * step + side)
            out[here] += window * fine[y : y + side, x : x + side]
    return out[step : step + size, step : step + size]
