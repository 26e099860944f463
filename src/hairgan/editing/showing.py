"""Show: edits side by side, and as a video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

SHEET_HEIGHT = 512
VIDEO_SIDE = 1080


def sheet(pictures: Sequence[UInt8[ndarray, "_ _ 3"]], height: int = SHEET_HEIGHT) -> UInt8[ndarray, "height width 3"]:
    """Pictures in a row, at one height, with a white gap between them."""
    gap = np.full((height, height // 64, 3), 255, np.uint8)
    row: list[ndarray] = []
    for picture in pictures:
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        shrinks = picture.shape[0] > height
        flags = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        row += [gap, cv2.resize(picture, (width, height), interpolation=flags)]
    return np.concatenate(row[1:], axis=1)


def ease(frames: int) -> Float[ndarray, " frames"]:
    """Weights from 0 to 1 that start and stop gently."""
    t = np.linspace(0, 1, frames)
    return t * t * (3 - 2 * t)


def write_video(path: Path, frames: Sequence[UInt8[ndarray, "h w 3"]], rate: float = 24.0) -> None:
    """Write an MP4 (VP9, which browsers play); frames beyond 1080 pixels a side are made smaller.

    Raises:
        ValueError: the file cannot be written there.
    """
    height, width = frames[0].shape[:2]
    scale = min(1.0, VIDEO_SIDE / max(height, width))
    size = tuple(max(2, round(side * scale) // 2 * 2) for side in (width, height))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"vp09"), rate, size)
    if not writer.isOpened():
        raise ValueError(f"cannot write a video to {path}")
    for frame in frames:
        writer.write(cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR))
    writer.release()
