"""Lens and film: a smooth warp of picture and label map, then grading, blur, noise and compression."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.data.portraits.identity import Identity
from hairgan.data.sampling import numpy_generator

_CELLS = 33


def warped(
    image: Float32[ndarray, "side side 3"], labels: UInt8[ndarray, "s s"], person: Identity, hair_room: float
) -> tuple[Float32[ndarray, "s s 3"], UInt8[ndarray, "s s"]]:
    """Picture (brought to the label map's size) and labels under one smooth warp.

    Features move a little; what surrounds the face moves much, and outwards, so that hair and shoulders fill frames as
    they do in photographs.

    Args:
        hair_room: about how far outwards hair may move, as a share of its distance from the face.
    """
    g = numpy_generator(person.noise, "randomized/warp")
    size, side = len(labels), len(image)
    axis = np.linspace(-0.5, 0.5, _CELLS, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    camera = person.scene.camera
    cx, cy = camera.shift_x, camera.shift_y + 0.01
    u, v = (x - cx) / (0.27 * camera.zoom), (y - cy) / (0.41 * camera.zoom)
    radius = np.sqrt(u**2 + v**2) + 1e-6
    angle = np.arctan2(u, -v)  # 0 at the top
    swing = sum(float(g.normal(0, 0.35 / n)) * np.cos(n * angle + float(g.uniform(0, 2 * np.pi))) for n in (1, 2, 3))
    push = np.clip(float(g.uniform(0.0, 1.0)) * hair_room * (1 + swing), -0.08, 0.62)
    push = push * (1 - 0.6 * np.clip(np.cos(angle), 0, 1) ** 2)  # less upwards
    outside = np.clip((radius - 0.92) / 0.75, 0, 1)
    factor = 1 / (1 + push * outside * (2 - outside))
    along = 0.92 + (radius - 0.92) * factor
    shrink = np.where(radius > 0.92, along / radius, 1)
    sx, sy = cx + (x - cx) * shrink, cy + (y - cy) * shrink
    far = np.clip(radius - 0.8, 0, 1)
    for cells, amount in ((4, 0.010), (7, 0.005)):
        for target in (sx, sy):
            bend = cv2.resize(
                g.normal(0, 1, (cells, cells)).astype(np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_CUBIC
            )
            target += np.float32(amount) * bend * (0.6 + 2.2 * far)
    stretch = np.exp(g.normal(0, 0.02))
    sx, sy = sx * np.float32(stretch), sy / np.float32(stretch)
    grid = np.stack([sx, sy], axis=-1).astype(np.float32) + np.float32(0.5)
    # the grid's outer cells sit on the frame's edges
    fine = _enlarged(grid, side) * side - np.float32(0.5)
    bytes_ = np.clip(image, 0, 255).astype(np.uint8)
    seen = cv2.remap(bytes_, fine[..., 0], fine[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    seen = cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA)
    coarse = _enlarged(grid, size) * size - np.float32(0.5)
    moved = cv2.remap(labels, coarse[..., 0], coarse[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    return seen.astype(np.float32), moved


def _enlarged(grid: Float32[ndarray, "c c 2"], side: int) -> Float32[ndarray, "side side 2"]:
    at = (np.arange(side, dtype=np.float32) + 0.5) / side * (_CELLS - 1)
    columns, rows = np.meshgrid(at, at)
    return cv2.remap(grid, columns, rows, cv2.INTER_LINEAR)


def developed(image: Float32[ndarray, "s s 3"], person: Identity) -> UInt8[ndarray, "s s 3"]:
    """The photograph: exposure, colour, contrast, focus, noise, sharpening, compression."""
    g = numpy_generator(person.noise, "randomized/film")
    size = len(image)
    unit = size / 256
    image = image * (np.exp(g.normal(0.03, 0.16)) * np.exp(g.normal(0, 0.05, 3))).astype(np.float32)
    if g.random() < 0.35:
        axis = np.linspace(-0.5, 0.5, size, dtype=np.float32)
        image *= (1 - np.float32(g.uniform(0.1, 1.0)) * (axis[:, None] ** 2 + axis[None] ** 2))[..., None]
    if g.random() < 0.55:
        sigma = float(np.exp(g.uniform(np.log(0.35), np.log(1.7)))) * unit
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    if g.random() < 0.15:
        small = max(16, round(size * float(g.uniform(0.35, 0.8))))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    grey = image @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    vivid = 0.0 if g.random() < 0.04 else float(np.clip(g.normal(1.05, 0.25), 0.3, 1.7))
    image = grey[..., None] + np.float32(vivid) * (image - grey[..., None])
    middle = float(g.uniform(90, 140))
    image = np.float32(middle) + np.float32(np.exp(g.normal(0.05, 0.16))) * (image - np.float32(middle))
    curve = float(np.exp(g.normal(0, 0.16)))
    image = 255 * cv2.pow(np.clip(image, 0, 255) * np.float32(1 / 255), curve)
    if g.random() < 0.35:
        sharp = float(g.uniform(0.3, 1.6))
        image += np.float32(sharp) * (image - cv2.GaussianBlur(image, (0, 0), float(g.uniform(0.7, 2.0)) * unit))
    noise = np.float32(abs(g.normal(0, 4.5))) * g.standard_normal((size, size, 1), dtype=np.float32)
    image += noise
    if g.random() < 0.3:
        image += np.float32(g.uniform(0.5, 5)) * g.standard_normal((size, size, 3), dtype=np.float32)
    photo = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if g.random() < 0.5:
        quality = int(g.integers(35, 96))
        _, packed = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        photo = cv2.cvtColor(cv2.imdecode(packed, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)  # type: ignore[arg-type]
    return photo
