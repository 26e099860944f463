"""A smooth warp of picture and label map: faces differ more, and hair and shoulders fill the frame."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.identity import Identity
from hairgan.randomness import numpy_generator

_CELLS = 33


def warp(
    image: Float32[ndarray, "side side 3"], labels: UInt8[ndarray, "s s"], person: Identity, hair_room: float
) -> tuple[Float32[ndarray, "s s 3"], UInt8[ndarray, "s s"]]:
    """Warp the picture (resized to the label map's size) and the labels in the same way.

    Features of the face move a little. What surrounds the face moves more, and outward, so that hair and shoulders fill
    the frame as in photographs.

    Args:
        hair_room: how far outward hair may move, about, as a share of its distance from the face.
    """
    rng = numpy_generator(person.noise, "randomized/warp")
    size = len(labels)
    axis = np.linspace(-0.5, 0.5, _CELLS, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    camera = person.scene.camera
    cx, cy = camera.shift_x, camera.shift_y + 0.01
    u, v = (x - cx) / (0.27 * camera.zoom), (y - cy) / (0.41 * camera.zoom)
    radius = np.sqrt(u**2 + v**2) + 1e-6
    angle = np.arctan2(u, -v)  # 0 at the top
    swing = sum(
        float(rng.normal(0, 0.35 / n)) * np.cos(n * angle + float(rng.uniform(0, 2 * np.pi))) for n in (1, 2, 3)
    )
    push = np.clip(float(rng.uniform(0.0, 1.0)) * hair_room * (1 + swing), -0.08, 0.9)
    push = push * (1 - 0.6 * np.clip(np.cos(angle), 0, 1) ** 2)  # less upward
    outside = np.clip((radius - 0.92) / 0.75, 0, 1)
    factor = 1 / (1 + push * outside * (2 - outside))
    along = 0.92 + (radius - 0.92) * factor
    shrink = np.where(radius > 0.92, along / radius, 1)
    sx, sy = cx + (x - cx) * shrink, cy + (y - cy) * shrink
    far = np.clip(radius - 0.8, 0, 1)
    for cells, amount in ((4, 0.012), (8, 0.006)):
        for target in (sx, sy):
            bend = cv2.resize(
                rng.normal(0, 1, (cells, cells)).astype(np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_CUBIC
            )
            target += np.float32(amount) * bend * (0.5 + 2.8 * far)
    stretch = np.exp(rng.normal(0, 0.02))
    sx, sy = sx * np.float32(stretch), sy / np.float32(stretch)
    grid = np.stack([sx, sy], axis=-1).astype(np.float32) + np.float32(0.5)  # its outer cells sit on the frame's edges
    small = np.clip(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), 0, 255).astype(np.uint8)
    column, row = (_enlarged(grid[..., c], size) * size - np.float32(0.5) for c in range(2))
    seen = cv2.remap(small, column, row, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    moved = cv2.remap(labels, column, row, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    return seen.astype(np.float32), moved


def _enlarged(grid: Float32[ndarray, "c c"], side: int) -> Float32[ndarray, "side side"]:
    at = (np.arange(side, dtype=np.float32) + 0.5) / side * (_CELLS - 1)
    columns, rows = np.meshgrid(at, at)
    return cv2.remap(grid, columns, rows, cv2.INTER_LINEAR)
