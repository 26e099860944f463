"""A hairline where hair gets thin and short gradually, as photographs show it on the forehead and at the temples."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_EYES = (Region.L_EYE, Region.R_EYE, Region.EYE_G)
_LABELED = 0.3
"""Density of hair from which skin is labeled as hair: people who label photographs include thin hair."""


def thin_out_hairline(image: Float32[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"], style: Hairstyle) -> None:
    """Draw ever fewer short hairs on the skin beside the hair. Changes `image` and `labels`."""
    rng = numpy_generator(style.noise, "hard/hairline")
    size = len(labels)
    hair = (labels == Region.HAIR).astype(np.float32)
    eyes = np.flatnonzero(np.isin(labels, _EYES).any(axis=1))
    if not hair.any() or not len(eyes):
        return
    lowest = eyes[-1] + 0.05 * size if style.length == "short" else eyes[0] - 0.06 * size
    skin = (labels == Region.SKIN) & (np.arange(size)[:, None] < lowest)
    distance = cv2.distanceTransform(1 - hair.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    wide = rng.uniform(0.012, 0.07) * size * (1 + 0.4 * texture(rng, "cloud", size, size, size / 60)).clip(0.3, 2.0)
    density = skin * (rng.uniform(0.75, 1.0) * (1 - distance / wide)).clip(0, 1)
    hairs = texture(rng, "strands", size, size, rng.uniform(0.4, 0.9) * size / 256, float(rng.normal(0, 0.7)))
    ink = (1.3 * density + rng.uniform(0.15, 0.45) * hairs * np.sqrt(density) - 0.1).clip(0, 1) * rng.uniform(0.6, 1.0)
    sigma = 0.02 * size
    near = cv2.GaussianBlur(hair, (0, 0), sigma)[..., None]
    color = cv2.GaussianBlur(image * hair[..., None], (0, 0), sigma) / np.maximum(near, 1e-3)
    ink = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), 0.5 * size / 256)[..., None] * skin[..., None]
    image += ink * (np.float32(rng.uniform(0.7, 1.0)) * color - image) * (near > 1e-3)
    labels[density > _LABELED] = Region.HAIR
