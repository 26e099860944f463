"""The effects of camera and film: exposure, color cast, contrast, vignette, grain."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.canvas import Canvas
from hairgan.portraits.identity import Identity
from hairgan.randomness import numpy_generator


def develop(canvas: Canvas, person: Identity) -> UInt8[ndarray, "size size 3"]:
    """The photograph of a painted canvas, at the picture's size."""
    scene, size = person.scene, canvas.size
    image: Float32[ndarray, "size size 3"] = cv2.resize(canvas.image, (size, size), interpolation=cv2.INTER_AREA)
    image *= np.array([scene.exposure * factor for factor in scene.cast], dtype=np.float32)
    image += np.float32(scene.contrast - 1) * (image - 128)
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    image *= 1 - np.float32(scene.vignette) * (axis[:, None, None] ** 2 + axis[None, :, None] ** 2)
    grain = numpy_generator(person.noise, "grain").standard_normal((size, size, 1), dtype=np.float32)
    image += np.float32(scene.grain) * grain
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
