"""Videos of an edit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from hairgan.files import write_whole

VIDEO_SIDE = 1080  # px


def ease(frames: int) -> Float[ndarray, " frames"]:
    """Weights from 0 to 1 that change slowly at both ends."""
    t = np.linspace(0, 1, frames)
    return t * t * (3 - 2 * t)


def write_video(path: Path, frames: Iterable[UInt8[ndarray, "h w 3"]], rate: float = 24.0) -> None:
    """Write an MP4 (VP9, which browsers play) whole or not at all, with a longest side of at most 1080 pixels.

    Args:
        frames: at least one, all of one size; they are taken one at a time.

    Raises:
        ValueError: the file cannot be written there.
    """
    if not path.parent.is_dir():
        raise ValueError(f"cannot write a video to {path}: there is no such folder")
    with TemporaryDirectory() as folder:
        made = Path(folder) / "video.mp4"
        count, writer = 0, cv2.VideoWriter()
        for count, frame in enumerate(frames, start=1):
            scale = min(1.0, VIDEO_SIDE / max(frame.shape[:2]))
            size = tuple(max(2, round(side * scale) // 2 * 2) for side in frame.shape[1::-1])
            if count == 1 and not writer.open(str(made), cv2.VideoWriter.fourcc(*"vp09"), rate, size):
                raise ValueError(f"cannot write a video to {path}: this OpenCV has no VP9")
            writer.write(cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR))
        writer.release()
        if cv2.VideoCapture(str(made)).get(cv2.CAP_PROP_FRAME_COUNT) != count:  # OpenCV does not report a full disk
            raise ValueError(f"cannot write a video to {path}: the disk of {folder} may be full")
        with made.open("rb") as video, write_whole(path) as file:
            copyfileobj(video, file)
