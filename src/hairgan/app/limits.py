"""What one visitor may ask for, and the check of an upload before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hairgan.photos.names import printable
from hairgan.photos.opening import check_image, open_photo
from hairgan.photos.photo import Photo


@dataclass(frozen=True)
class Limits:
    """Bounds on uploads, waiting and keeping."""

    upload_mb: int = 30
    """Size of an uploaded file, in units of 1,000,000 bytes."""
    megapixels: int = 50
    """Width times height of a photo, in millions."""
    waiting: int = 32
    """Edits in the queue, the running one included."""
    patience: float = 300.0
    """Seconds after which a waiting edit is dropped."""
    edits_kept: int = 24
    """Edits per session; the oldest go first."""
    uploads_kept: int = 16
    """Uploads per session; likewise."""
    sessions: int = 1000
    """Sessions at a time; those that were idle longest, without an open tab, go first."""
    idle: float = 900.0
    """Seconds after the last request at which a session without an open tab ends."""
    grace: float = 60.0
    """Seconds after the last tab was closed at which its session ends: a reload takes less."""


def check_upload(path: Path, limits: Limits) -> None:
    """Refuse a file that is no picture or too large, from its first bytes.

    Raises:
        ValueError: one sentence with the file's name, but not its folder.
    """
    name = printable(path.name)
    size = path.stat().st_size
    if size > limits.upload_mb * 1_000_000:
        raise ValueError(f"{name} is too large: {size / 1e6:.0f} MB, at most {limits.upload_mb} are taken")
    width, height = check_image(path, name)
    if width * height > limits.megapixels * 1_000_000:
        raise ValueError(
            f"{name} is too large: {width * height / 1e6:.0f} megapixels, at most {limits.megapixels} are read"
        )


def open_upload(path: Path, limits: Limits) -> Photo:
    """Open an uploaded photo; errors as in `check_upload` and `hairgan.photos.opening.open_photo`."""
    check_upload(path, limits)
    return open_photo(path, printable(path.name))
