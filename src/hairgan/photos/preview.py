"""Previews: photos reduced to a size for web pages."""

from __future__ import annotations

from pathlib import Path

import cv2
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from hairgan.files import write_whole

QUALITY = 90


def save_preview(path: Path, picture: UInt8[ndarray, "h w 3"], side: int) -> None:
    """Write a picture as a JPEG of at most `side` pixels per side; an error leaves no partial file."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    with write_whole(path) as file:
        Image.fromarray(picture).save(file, "JPEG", quality=QUALITY, subsampling=0)
