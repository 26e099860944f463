"""Texture of skin and hair, shadows and colored lamps, added to a picture with a known label map."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.textures import texture
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_SKIN = np.zeros(256, dtype=np.uint8)
_SKIN[[Region.SKIN, Region.NOSE, Region.L_EAR, Region.R_EAR, Region.NECK]] = 1

Picture = Float32[ndarray, "s s 3"]
Labels = UInt8[ndarray, "s s"]


def _soft(part: ndarray, sigma: float) -> Float32[ndarray, "s s"]:
    return cv2.GaussianBlur(part.astype(np.float32), (0, 0), sigma)


def add_texture(image: Picture, labels: Labels, person: Identity, style: Hairstyle) -> None:
    """Add pores, blotches and wrinkles to skin, and depth, streaks and fading color to hair. Changes `image`."""
    rng = numpy_generator(person.noise, "randomized/texture")
    size = len(labels)
    unit = size / 256
    skin = _soft(cv2.LUT(labels, _SKIN), 0.8 * unit)
    tone = float(rng.uniform(0.01, 0.05)) * texture(rng, "cloud", size, size, float(rng.uniform(0.4, 1.6)) * unit)
    tone += float(rng.uniform(0.0, 0.045)) * texture(rng, "grain", size, size, float(rng.uniform(0.7, 2.0)) * unit)
    red = float(rng.uniform(0.0, 0.05)) * texture(rng, "cloud", size, size, float(rng.uniform(0.3, 1.2)) * unit)
    bright, red = 1 + tone * skin, red * skin
    cv2.multiply(image, cv2.merge([bright, bright * (1 - red), bright * (1 - 0.8 * red)]), image)

    hair = labels == Region.HAIR
    if not hair.any():
        return
    alpha = _soft(hair, 0.7 * unit)
    # more contrast for the strands that are there, then depth on larger scales
    detail = image - cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.0, 3.0)) * unit)
    cv2.add(image, cv2.multiply(detail, cv2.merge([alpha * np.float32(rng.uniform(-0.3, 1.4))] * 3)), image)
    angle = float(rng.normal(0, 0.4))
    factor = float(rng.uniform(0.04, 0.22)) * texture(rng, "cloud", size, size, float(rng.uniform(0.3, 1.2)) * unit)
    factor += float(rng.uniform(0.0, 0.12)) * texture(
        rng, "strands", size, size, float(rng.uniform(0.6, 2.5)) * unit, angle
    )
    if rng.random() < 0.5:  # a band of shine around the head
        axis = np.linspace(-0.5, 0.5, size, dtype=np.float32)
        camera = person.scene.camera
        x, y = axis[None] - np.float32(camera.shift_x), axis[:, None] - np.float32(camera.shift_y - 0.02)
        away = np.sqrt(x**2 + (np.float32(0.75) * y) ** 2) / np.float32(camera.zoom)
        away += np.float32(0.03) * texture(rng, "strands", size, size, 1.2 * unit, angle)
        band = np.exp(-(((away - np.float32(rng.uniform(0.22, 0.5))) / np.float32(rng.uniform(0.02, 0.1))) ** 2))
        factor += np.float32(rng.uniform(0.2, 1.2)) * band * (x * np.float32(rng.normal(0, 3)) + 1 > 0)
    if style.wave > 0.006:
        factor += float(rng.uniform(0.0, 0.12)) * texture(rng, "spots", size, size, float(rng.uniform(0.3, 1.0)) * unit)
    cv2.multiply(image, cv2.merge([np.clip(1 + factor * alpha, 0.12, 2.6)] * 3), image)
    if rng.random() < 0.35:  # roots and tips of different colors
        low, high = np.sort(rng.uniform(0.1, 1.1, 2))
        down = np.clip((np.linspace(0, 1, size, dtype=np.float32) - low) / (high - low + 0.1), 0, 1)[:, None]
        change = np.exp(rng.normal(0.15, 0.3)) * np.exp(rng.normal((0.05, 0.0, -0.05), 0.06))
        image *= 1 + (change - 1).astype(np.float32) * (down * alpha)[..., None]


def add_shadows(image: Picture, labels: Labels, person: Identity) -> None:
    """Add a shadow on the wall, shadows across the picture, and lamps of two colors. Changes `image`."""
    rng = numpy_generator(person.noise, "randomized/shadows")
    size = len(labels)
    behind = labels == Region.BACKGROUND
    if rng.random() < 0.38:
        shift = rng.normal(0, 0.06) * size, rng.uniform(-0.01, 0.08) * size
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        cast = cv2.warpAffine((~behind).astype(np.float32), move, (size, size))
        cast = _soft(cast, float(rng.uniform(0.003, 0.025)) * size) * _soft(behind, 0.003 * size)
        image *= (1 - np.float32(rng.uniform(0.25, 0.9)) * cast)[..., None]
    if rng.random() < 0.25:
        axis = np.linspace(-1, 1, size, dtype=np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        plane = axis[None] * np.float32(np.cos(angle)) + axis[:, None] * np.float32(np.sin(angle))
        plane = (
            plane
            + np.float32(rng.normal(0, 0.5))
            + np.float32(rng.uniform(0, 0.3)) * _soft(texture(rng, "cloud", size, size, 3 * size / 256), 0.03 * size)
        )
        if rng.random() < 0.3:  # blinds, leaves
            plane = np.sin(plane * np.float32(rng.uniform(4, 18)))
        edge = float(np.exp(rng.uniform(np.log(0.03), np.log(0.8))))
        share = np.clip(plane / edge + 0.5, 0, 1) * np.float32(rng.uniform(0.15, 0.7))
        tint = np.array([1.0, 0.92, 0.85], dtype=np.float32) if rng.random() < 0.6 else np.ones(3, dtype=np.float32)
        image *= 1 - share[..., None] * tint
    if rng.random() < 0.3:
        axis = np.linspace(0, 1, 16, dtype=np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        share = np.clip(0.5 + (axis[None] - 0.5) * np.cos(angle) + (axis[:, None] - 0.5) * np.sin(angle), 0, 1)
        first, second = (np.exp(rng.normal(0, 0.075, 3)) for _ in range(2))
        lamp = (first + (second - first) * share[..., None]).astype(np.float32)
        image *= cv2.resize(lamp, (size, size), interpolation=cv2.INTER_LINEAR)
