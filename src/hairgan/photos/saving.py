"""Save a photo, or an edit of it, with its own profile, EXIF and resolution.

In a lossless format (PNG, TIFF, WEBP) every pixel that the edit did not change keeps its bytes. JPEG, AVIF and HEIC
compress the whole picture again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import ExifTags, Image

from hairgan.files import write_whole
from hairgan.photos.encoding import Encoding
from hairgan.photos.photo import Photo, bands, exif_bytes

MAKER_NOTE = 0x927C
JPEG_SEGMENT = 65_533  # largest size of a JPEG's EXIF data, in bytes


def save_photo(
    path: str | Path, photo: Photo, edited: UInt8[ndarray, "h w 3"] | None = None, encoding: Encoding | None = None
) -> None:
    """Write a photo. After an error, no partial file is left.

    Args:
        edited: `photo.srgb` after an edit; None writes the photo itself. Where both are equal, the photo's own pixels
            are kept. Elsewhere the difference is converted to the photo's profile, so that colors outside sRGB remain.
        encoding: by default that of the suffix.

    Raises:
        ValueError: the picture is too large for the format.
        OSError: the file cannot be written; an older file stays as it was.
    """
    encoding = encoding or Encoding.of(path)
    height, width = photo.pixels.shape[:2]
    encoding.check_size(height, width)
    keep_alpha = photo.alpha is not None and encoding.format != "JPEG"
    canvas = Image.new("RGBA" if keep_alpha else "RGB", (width, height))
    for rows in bands(height, width):
        canvas.paste(Image.fromarray(_rows(photo, edited, rows, keep_alpha)), (0, rows.start))
    extras: dict[str, Any] = {}
    if photo.profile is not None:
        extras["icc_profile"] = photo.profile.data
    if photo.exif:
        data = exif_bytes(photo.exif)
        if encoding.format == "JPEG" and len(data) > JPEG_SEGMENT:
            data = exif_bytes(_without_maker_note(photo.exif))
        if encoding.format != "JPEG" or len(data) <= JPEG_SEGMENT:
            extras["exif"] = data
    if photo.dpi is not None:
        extras["dpi"] = photo.dpi
    with write_whole(path) as file:
        canvas.save(file, encoding.format, **encoding.options, **extras)


def _rows(
    photo: Photo, edited: UInt8[ndarray, "h w 3"] | None, rows: slice, keep_alpha: bool
) -> UInt8[ndarray, "r w c"]:
    """Some rows of an edited photo, in the colors of its profile."""
    pixels = photo.pixels[rows]
    if edited is not None:
        pixels = _apply_difference(photo, pixels, photo.srgb[rows], edited[rows])
    if photo.alpha is None:
        return pixels
    with_alpha = np.dstack([pixels, photo.alpha[rows]])
    if keep_alpha:
        return with_alpha
    over = Image.fromarray(with_alpha)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB"))


def _apply_difference(
    photo: Photo, pixels: UInt8[ndarray, "r w 3"], before: UInt8[ndarray, "r w 3"], after: UInt8[ndarray, "r w 3"]
) -> UInt8[ndarray, "r w 3"]:
    """Pixels of the photo, changed by the difference of their sRGB values."""
    if photo.srgb is photo.pixels:
        return after
    changed = (before != after).any(axis=2)
    if not changed.any():
        return pixels
    old, new = before[changed][None], after[changed][None]
    if photo.profile is not None:
        old, new = photo.profile.from_srgb(old), photo.profile.from_srgb(new)
    out = pixels.copy()
    out[changed] = np.clip(pixels[changed].astype(np.int16) + new[0] - old[0].astype(np.int16), 0, 255)
    return out


def _without_maker_note(exif: Mapping[int, Any]) -> dict[int, Any]:
    """EXIF tags without the camera's own notes, which are usually the largest part."""
    ifd = {tag: value for tag, value in exif.get(ExifTags.IFD.Exif, {}).items() if tag != MAKER_NOTE}
    return {**exif, ExifTags.IFD.Exif: ifd}
